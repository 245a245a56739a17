"""Where a run is: its stage, the seconds each took, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

__all__ = ["Progress"]


class Progress:
    """`at` is the stage that runs now, or the innermost one that failed; `seconds` holds what ended, by name."""

    def __init__(self, say: Callable[[str], None] = lambda text: None) -> None:
        self.say = say
        self.seconds: dict[str, float] = {}
        self._running: list[str] = []

    @property
    def at(self) -> str:
        return self._running[-1] if self._running else "start"

    def begin(self, name: str) -> None:
        self._running.append(name)
        self.say(name)

    def end(self, name: str, seconds: float) -> None:
        """The stage begun last is done; it is noted as `name`."""
        self._running.pop()
        self.seconds[name] = seconds

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Timed also where it fails; then it stays the stage the run is at, whatever is ended after it."""
        self.begin(name)
        start = monotonic()
        try:
            yield
        except BaseException:
            self.seconds[name] = round(monotonic() - start, 2)
            raise
        self.end(name, round(monotonic() - start, 2))
