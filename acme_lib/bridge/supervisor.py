"""Keeps ingest and egress running: a dead one is started again, and both are ended in order."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import structlog

from acme_lib.bridge.backoff import Backoff, delay
from acme_lib.errors import WrongUse
from acme_lib.processes import Process

__all__ = ["Supervisor"]

log = structlog.get_logger("bridge.run")
_LIVED_S = 20.0  # a process that lived this long starts its backoff anew
_AGAIN = Backoff(most_s=10.0)  # starting again is cheap, and while it waits nothing is carried
_STOP_WITHIN_S = 12.0


@dataclass
class _Child:
    process: Process
    attempt: int = 0
    started_at: float = 0.0
    not_before: float = 0.0
    restarts: int = field(default=0)


class Supervisor:
    """`run` returns when `told`; ingest ends first, so that egress may still send what it took.

    `also` is called a few times a second with the seconds since the start.
    """

    def __init__(
        self, logs: Path, also: Callable[[float], None] = lambda seconds: None, policy: Backoff | None = None
    ) -> None:
        self._also = also
        self._policy, self._rand = policy or _AGAIN, Random()
        self._children = {
            name: _Child(
                Process(
                    f"bridge {name}",
                    [sys.executable, "-m", "acme_lib.cli", "bridge", name],
                    logs / f"bridge-{name}.log",
                )
            )
            for name in ("ingest", "egress")
        }

    def run(self, told: threading.Event) -> None:
        """Raises WrongUse where a process says that its settings are wrong: starting it again can't help."""
        begun = time.monotonic()
        try:
            for name, child in self._children.items():
                self._start(name, child)
            while not told.wait(0.2):
                for name, child in self._children.items():
                    self._look(name, child)
                self._also(time.monotonic() - begun)
        finally:
            for child in self._children.values():
                child.process.stop(_STOP_WITHIN_S)

    def _start(self, name: str, child: _Child) -> None:
        child.process.start()
        child.started_at = time.monotonic()
        log.info("started", process=name, pid=child.process.pid, restarts=child.restarts)

    def _look(self, name: str, child: _Child) -> None:
        if child.process.alive():
            return
        now = time.monotonic()
        if not child.not_before:
            self._ended(name, child, now)
        elif now >= child.not_before:
            child.not_before = 0.0
            child.restarts += 1
            self._start(name, child)

    def _ended(self, name: str, child: _Child, now: float) -> None:
        if child.process.exit_code == 2:
            raise WrongUse(f"bridge {name}: {child.process.tail()}")
        child.attempt = 1 if now - child.started_at > _LIVED_S else child.attempt + 1
        wait = delay(self._policy, child.attempt, self._rand)
        child.not_before = now + wait
        log.error(
            "ended", process=name, exit=child.process.exit_code, again_in_s=round(wait, 1), said=child.process.tail()
        )
