"""What runs leave in ACME_HOME: whether the next one goes on with it or starts clean, and where the old state goes."""

from __future__ import annotations

import shutil
from pathlib import Path

__all__ = ["STATE", "begin", "finish"]

STATE = ("lakehouse", "checkpoints", "journal", "kafka", "broker", "published", "ops")  # what a clean start puts aside
UNFINISHED = "runs/unfinished"


def begin(home: Path, run_id: str, fresh: bool | None) -> None:
    """`fresh` starts clean, False goes on; None goes on only after a run that did not finish."""
    marker = home / UNFINISHED
    if fresh or (fresh is None and not marker.exists()):
        _put_aside(home)
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.write_text(run_id)


def finish(home: Path) -> None:
    """The run went through: the next one starts clean unless it is told otherwise."""
    (home / UNFINISHED).unlink(missing_ok=True)


def _put_aside(home: Path) -> None:
    """A clean start keeps the state before it, one back, under ACME_HOME/previous."""
    present = [home / name for name in STATE if (home / name).exists()]
    if not present:
        return
    shutil.rmtree(home / "previous", ignore_errors=True)
    (home / "previous").mkdir()
    for path in present:
        path.rename(home / "previous" / path.name)
