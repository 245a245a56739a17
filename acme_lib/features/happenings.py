"""Events and attributes as feature columns: counts over hours, hours since, totals, what the labels last said."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from acme_lib.features.fitted import Fitted
from acme_lib.features.spelling import distinct, spelled

__all__ = ["Happenings"]

HOUR_US = 3_600_000_000
MOST_EVENTS = 4096  # of one value inside the longest count; the oldest beyond it are only counted in the total
Column = npt.NDArray[np.float64]
Times = Mapping[tuple[str, str], Any]


class Happenings:
    """Events by (tag, value as spelled) with ascending times, those that no count reaches any more only as a number; attributes."""

    def __init__(self) -> None:
        self.events: dict[tuple[str, str], list[int]] = {}
        self.before: dict[tuple[str, str], int] = {}
        self.attributes: dict[str, list[tuple[int, float | str]]] = {}

    def take(self, events: Times, attributes: Mapping[str, list[tuple[int, float | str]]]) -> None:
        """Adds what has happened; equal instants are so many events."""
        for (tag, value), times in events.items():
            mine = self.events.setdefault((tag, spelled(value)), [])
            for at in times:
                bisect.insort(mine, int(at))
        for tag, known in attributes.items():
            for at in known:
                bisect.insort(self.attributes.setdefault(tag, []), at, key=lambda entry: entry[0])

    def columns(self, fitted: Fitted, times: npt.NDArray[np.int64]) -> list[Column]:
        """One block [n, columns] in the order of `names`; afterwards forgets what no later frame can reach."""
        found: list[Column] = []
        for event in fitted.spec.events:
            for value in distinct(fitted.event_values[event.tag]):
                happened = np.array(self.events.get((event.tag, value), []), dtype=np.int64)
                found += self._of_value((event.tag, value), happened, event, times)
        for attribute in fitted.spec.attributes:
            values = fitted.attribute_values.get(attribute.tag)
            found += self._of_attribute(attribute.tag, values, times)
        if len(times):
            self._forget(fitted, int(times[-1]))
        return [np.stack(found, axis=1)] if found else []

    def _of_value(self, key: tuple[str, str], happened: Any, event: Any, times: Any) -> list[Column]:
        upto = np.searchsorted(happened, times, side="right")
        begun = [np.searchsorted(happened, times - round(hours * HOUR_US), side="right") for hours in event.counts_h]
        found: list[Column] = [(upto - before).astype(float) for before in begun]
        if event.since:
            last = happened[np.maximum(upto - 1, 0)] if len(happened) else np.zeros(len(times), dtype=np.int64)
            found.append(np.where(upto > 0, (times - last) / HOUR_US, np.nan))
        if event.total:
            found.append((self.before.get(key, 0) + upto).astype(float))
        return found

    def _of_attribute(self, tag: str, values: list[str] | None, times: Any) -> list[Column]:
        known = self.attributes.get(tag, [])
        which = np.searchsorted(np.array([at for at, _ in known], dtype=np.int64), times, side="right")
        said = [None, *(value for _, value in known)]
        if values is None:
            return [np.array([np.nan if value is None else float(value) for value in said])[which]]
        told = [None if value is None else spelled(str(value)) for value in said]
        return [np.array([float(value == name) for value in told])[which] for name in distinct(values)]

    def _forget(self, fitted: Fitted, now_us: int) -> None:
        """Keeps each value's last event, those a count may still reach, and those still to come."""
        reach = {e.tag: round(max(e.counts_h, default=0.0) * HOUR_US) for e in fitted.spec.events}
        for key, happened in self.events.items():
            old = bisect.bisect_right(happened, now_us - reach.get(key[0], 0))
            last = bisect.bisect_right(happened, now_us) - 1
            drop = max(min(old, last), len(happened) - MOST_EVENTS, 0)
            if drop:
                self.before[key] = self.before.get(key, 0) + drop
                del happened[:drop]
        for known in self.attributes.values():
            del known[: max(bisect.bisect_right(known, now_us, key=lambda entry: entry[0]) - 1, 0)]
