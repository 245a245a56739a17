"""What runs leave in ACME_HOME: whether the next one goes on with it or starts clean, and where the old state goes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acme_lib.journal import hold

__all__ = ["STATE", "begin", "finish", "sole"]

STATE = ("lakehouse", "checkpoints", "journal", "kafka", "broker", "published", "ops")  # what a clean start puts aside
UNFINISHED = "runs/unfinished"
ASIDE, MOVING = "previous", "previous.moving"


@contextmanager
def sole(home: Path) -> Iterator[None]:
    """The only run on this home. Raises Stop where another is at work."""
    lock = hold(home / "run.lock", "acme run")
    try:
        yield
    finally:
        os.close(lock)


def begin(home: Path, run_id: str, fresh: bool | None) -> None:
    """`fresh` starts clean, False goes on; None goes on only after a run that did not finish."""
    marker = home / UNFINISHED
    if fresh or (fresh is None and not marker.exists()):
        _put_aside(home, run_id)
    else:
        _bring_back(home)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(run_id)


def finish(home: Path) -> None:
    """The run went through: the next one starts clean unless it is told otherwise."""
    (home / UNFINISHED).unlink(missing_ok=True)


def _put_aside(home: Path, run_id: str) -> None:
    """A clean start keeps the state before it, one back, under ACME_HOME/previous. Killed half-way, the next start ends the move;
    what was made anew meanwhile goes with it under a name of its own."""
    moving = home / MOVING
    for name in STATE:
        if (home / name).exists():
            moving.mkdir(exist_ok=True)
            (home / name).rename(moving / (f"{name}-{run_id}" if (moving / name).exists() else name))
    if moving.exists():
        shutil.rmtree(home / ASIDE, ignore_errors=True)
        moving.rename(home / ASIDE)


def _bring_back(home: Path) -> None:
    """What a clean start that was killed had moved already, for a run that goes on with it after all."""
    moving = home / MOVING
    for path in moving.glob("*"):
        if not (home / path.name).exists():
            path.rename(home / path.name)
