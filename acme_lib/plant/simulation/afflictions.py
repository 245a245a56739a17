"""Readings as faulty devices report them: flags, held values, wrong clocks, late deliveries."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush

from msgspec.structs import replace

from acme_lib.contracts import Contracts, Tag
from acme_lib.plant.message import Reading
from acme_lib.plant.simulation.config import Config
from acme_lib.plant.simulation.incidents import Incidents, Window

__all__ = ["afflicted"]

ERROR_CODE = "SENSOR_OPEN_CIRCUIT"
SPIKE = 1.5  # times the upper end of the plausible range


def afflicted(readings: Iterator[Reading], config: Config, happening: Incidents, facts: Contracts) -> Iterator[Reading]:
    """`readings` with the incidents applied, in order of publishing."""
    tags = _tags_by_equipment(facts)
    field = _Field(happening, tags, replayed=config.replayed)
    late: list[tuple[int, int, Reading]] = []
    for n, reading in enumerate(readings):
        while late and late[0][0] <= reading.at_ms:
            yield heappop(late)[2]
        for found in field.reports(reading):
            due_ms = field.delivered_ms(found)
            if due_ms is None:
                yield found
            else:
                heappush(late, (due_ms, n, replace(found, at_ms=due_ms, ts_ms=found.at_ms)))
    for _, _, reading in sorted(late, key=lambda each: each[:2]):
        yield reading


class _Field:
    """The devices of a plant: what each reports of a true reading."""

    def __init__(self, happening: Incidents, tags: dict[str, dict[str, Tag]], *, replayed: bool) -> None:
        self._now, self._tags, self._replayed = happening, tags, replayed
        self._held: dict[Window, Reading] = {}  # the last value before a fault or a silence
        self._spiked: set[Window] = set()

    def reports(self, reading: Reading) -> Iterator[Reading]:
        place, at_ms = f"{reading.equipment}/{reading.tag}", reading.at_ms
        line = reading.equipment.rsplit("/", 2)[0]
        if any(w.holds(line, at_ms) for w in self._now.test_mode):
            reading = replace(reading, quality="SIMULATED")
        for window in self._now.silences:
            if window.holds(place, at_ms):
                held = self._held.setdefault(window, reading)
                reading = replace(reading, value=held.value, quality="STALE")
        for window in self._now.sensor_faults:
            if window.holds(place, at_ms):
                if window not in self._held and "device_error" in self._tags[reading.equipment]:
                    yield Reading(at_ms, reading.equipment, "device_error", ERROR_CODE)
                held = self._held.setdefault(window, reading)
                reading = replace(reading, value=held.value, quality="ERROR", error_code=ERROR_CODE)
        yield self._clocked(self._spiking(reading, place))

    def _spiking(self, reading: Reading, place: str) -> Reading:
        for window in self._now.spikes:
            due = window.place == place and reading.at_ms >= window.start_ms and reading.quality == "GOOD"
            span = self._tags[reading.equipment][reading.tag].range
            if due and span and window not in self._spiked:
                self._spiked.add(window)
                return replace(reading, value=round(span[1] * SPIKE, 4), violation="RANGE")
        return reading

    def _clocked(self, reading: Reading) -> Reading:
        for window in self._now.wrong_clocks:
            if window.holds(reading.equipment, reading.at_ms):
                wrong_ms = reading.at_ms + self._now.clock_offset_ms
                violation = reading.violation if self._replayed else "CLOCK"
                return replace(reading, ts_ms=wrong_ms, violation=violation)
        return reading

    def delivered_ms(self, reading: Reading) -> int | None:
        """When a held-back reading arrives; None for one that is on time."""
        if reading.ts_ms is not None:
            return None
        place = f"{reading.equipment}/{reading.tag}"
        for window in self._now.delays:
            if window.holds(place, reading.at_ms):
                return self._now.delivered_ms[window]
        return None


def _tags_by_equipment(facts: Contracts) -> dict[str, dict[str, Tag]]:
    classes = {name: {tag.name: tag for tag in found.tags} for name, found in facts.tags.classes.items()}
    return {machine.path: classes[machine.equipment_class] for machine in facts.assets.equipment}
