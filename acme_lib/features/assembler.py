"""The frame rule, reading by reading: which frame a reading belongs to, when a frame closes, what comes too late."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from acme_lib.contracts import FeatureSpec

__all__ = ["Assembler", "Closed", "Value"]

Value = float | int | str | bool
MOST_OPEN = 64  # frames that may wait at once; more means a clock far off, and the oldest close
LONG_AGO = -(2**62)


class Closed(NamedTuple):
    """One closed frame: its start (microseconds since 1970) and a value a tag of the spec, NaN where missing."""

    start_us: int
    values: list[float]


class Assembler:
    """Collects one equipment's readings. The first reading of a tag in a frame counts; one for a closed frame is late and left out.

    `events` and `attributes` hold what came since they were last taken, dated by the rule of `Frames`.
    """

    def __init__(self, spec: FeatureSpec, known: Sequence[str] | None = None) -> None:
        tags = spec.frame.tags
        self._place = {tag: n for n, tag in enumerate(tags)}
        self._awaited = len(set(tags) & set(tags if known is None else known))
        self._period = round(spec.frame.period_s * 1e6)
        self._patience = self._period + round(spec.frame.deadline_s * 1e6)
        self._events = {event.tag for event in spec.events}
        self._attributes = {attribute.tag: attribute.type for attribute in spec.attributes}
        self._open: dict[int, list[float]] = {}
        self._there: dict[int, int] = {}
        self._watermark = LONG_AGO
        self._closed = LONG_AGO  # start of the newest closed frame
        self.events: dict[tuple[str, str], list[int]] = {}
        self.attributes: dict[str, list[tuple[int, float | str]]] = {}

    def add(self, tag: str, at_us: int, value: Value) -> list[Closed]:
        """Takes one reading; returns the frames it closes, oldest first. A tag the spec does not name is passed over."""
        place = self._place.get(tag)
        if place is None:
            self._note(tag, at_us, value)
            return []
        start = at_us - at_us % self._period
        if at_us > self._watermark:
            self._watermark = at_us
        if start > self._closed:
            self._put(start, place, value)
        oldest = next(iter(self._open), None)
        if oldest is None or (self._there[oldest] < self._awaited and self._watermark < oldest + self._patience
                              and len(self._open) <= MOST_OPEN):  # fmt: skip
            return []
        return self._close()

    def advance(self, now_us: int) -> list[Closed]:
        """Closes what a reading at `now_us` would close: deadlines pass also where nothing comes."""
        self._watermark = max(self._watermark, now_us)
        return self._close()

    def flush(self) -> list[Closed]:
        """Closes everything: the history has ended."""
        return [self._take(start) for start in list(self._open)]

    def state(self) -> dict[str, Any]:
        """All that a restart needs, as plain values."""
        return {
            "open": [[start, values, self._there[start]] for start, values in self._open.items()],
            "watermark": self._watermark,
            "closed": self._closed,
            "events": [[tag, value, times] for (tag, value), times in self.events.items()],
            "attributes": [[tag, at] for tag, at in self.attributes.items()],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Inverse of `state`."""
        self._open = {start: list(values) for start, values, _ in state["open"]}
        self._there = {start: there for start, _, there in state["open"]}
        self._watermark, self._closed = state["watermark"], state["closed"]
        self.events = {(tag, value): list(times) for tag, value, times in state["events"]}
        self.attributes = {tag: [(at, value) for at, value in known] for tag, known in state["attributes"]}

    def _put(self, start: int, place: int, value: Value) -> None:
        values = self._open.get(start)
        if values is None:
            values = self._open[start] = [math.nan] * len(self._place)
            self._there[start] = 0
            if next(reversed(self._open)) < max(self._open):
                self._open = dict(sorted(self._open.items()))
        number = _number(value)
        if values[place] != values[place] and number == number:
            values[place] = number
            self._there[start] += 1

    def _close(self) -> list[Closed]:
        """The open frames, oldest first, up to the first that must still wait."""
        frames = []
        while self._open:
            start = next(iter(self._open))
            waits = self._there[start] < self._awaited and self._watermark < start + self._patience
            if waits and len(self._open) <= MOST_OPEN:
                break
            frames.append(self._take(start))
        return frames

    def _take(self, start: int) -> Closed:
        del self._there[start]
        self._closed = start
        return Closed(start, self._open.pop(start))

    def _note(self, tag: str, at_us: int, value: Value) -> None:
        at = at_us if at_us > self._closed else self._closed + 1
        if tag in self._events:
            self.events.setdefault((tag, _text(value)), []).append(at)
        elif tag in self._attributes:
            number = self._attributes[tag] == "double"
            self.attributes.setdefault(tag, []).append((at, _number(value) if number else _text(value)))


def _number(value: Value) -> float:
    try:
        return float(value)
    except ValueError:
        return math.nan


def _text(value: Value) -> str:
    return value if isinstance(value, str) else repr(value)
