"""One machine through event time: what it measures, counts, says of its state, and when it fails."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acme_lib.contracts import Equipment, Site, Tag
from acme_lib.plant.message import Reading
from acme_lib.plant.simulation.config import Config
from acme_lib.plant.simulation.counters import Counters, shift_of
from acme_lib.plant.simulation.draws import Draws, Drift
from acme_lib.plant.simulation.signals import Gauge, Moisture
from acme_lib.plant.simulation.states import Operation
from acme_lib.plant.simulation.wear import WearLaw

__all__ = ["Machine"]

STATE_TAGS = ("state", "state_reason", "running")
COUNTER_TAGS = ("total_count", "good_count", "reject_count")
MOISTURE_TAGS = ("moisture_setpoint", "moisture_actual")


class Machine:
    """Readings of `equipment` in event-time order. `wear`: where it starts, 0 new, 1 failed."""

    def __init__(
        self,
        config: Config,
        site: Site,
        equipment: Equipment,
        tags: list[Tag],
        wear: float,
        counter_resets: list[int] | None = None,
    ) -> None:
        self.path, self._config, self._site = equipment.path, config, site
        self._draws = Draws(config.seed, equipment.path)
        self._tags = {tag.name: tag for tag in tags}
        self.operation = Operation(self._draws, equipment.equipment_class, WearLaw(config.life_h), wear)
        self._load = Drift(self._draws, 0.08, 1200.0)
        ambient = ambient_c(site, config.start_ms)
        apart = (*MOISTURE_TAGS, *COUNTER_TAGS)
        self._gauges = [Gauge(t, self._draws, ambient) for t in tags if t.kind == "gauge" and t.name not in apart]
        self._moisture = Moisture(self._draws) if set(MOISTURE_TAGS) <= set(self._tags) else None
        self._counters = Counters(self._draws, equipment.ideal_rate_per_h) if COUNTER_TAGS[0] in self._tags else None
        self._shift, self._resets_ms = shift_of(site, config.start_ms), sorted(counter_resets or [])

    def readings(self) -> Iterator[Reading]:
        """All readings of the configured span."""
        period_ms = self._tick_ms()
        at_ms = self._config.start_ms + int(self._draws.uniform(0, period_ms))
        due = dict.fromkeys(("states", "counters"), at_ms)
        while at_ms < self._config.end_ms:
            yield from self._step(at_ms, period_ms / 1000, due)
            at_ms += period_ms

    def _tick_ms(self) -> int:
        periods = [t.expected_period_s for t in self._tags.values() if t.kind == "gauge" and t.expected_period_s]
        return max(1, round(1000 * (self._config.period_s or min(periods, default=10.0))))

    def _step(self, at_ms: int, seconds: float, due: dict[str, int]) -> Iterator[Reading]:
        load = min(1.1, max(0.35, 0.78 + self._load.step(seconds)))
        before = self.operation.state
        happened = self.operation.step(seconds, load)
        if happened and happened.tag in self._tags:
            yield self._reading(at_ms, happened.tag, happened.value)
        running, wear = self.operation.running, self.operation.wear
        if self.operation.state != before or at_ms >= due["states"]:
            due["states"] = at_ms + self._period_ms("state")
            yield from self._states(at_ms)
        yield from self._gauge_readings(at_ms, seconds, running, load, wear)
        if self._counters:
            self._counters.step(seconds, running, load, wear)
            self._reset_counters(at_ms, repaired=bool(happened and happened.tag == "maintenance"))
            if at_ms >= due["counters"]:
                due["counters"] = at_ms + self._period_ms(COUNTER_TAGS[0])
                for tag, count in self._counters.values().items():
                    yield self._reading(at_ms, tag, count)

    def _gauge_readings(self, at_ms: int, seconds: float, running: bool, load: float, wear: float) -> Iterator[Reading]:
        ambient = ambient_c(self._site, at_ms)
        for gauge in self._gauges:
            yield self._reading(at_ms, gauge.tag.name, gauge.step(seconds, running, load, wear, ambient))
        if self._moisture:
            for tag, value in self._moisture.step(seconds, running, wear).items():
                yield self._reading(at_ms, tag, value)

    def _states(self, at_ms: int) -> Iterator[Reading]:
        operation = self.operation
        values: tuple[str | bool, ...] = (operation.state, operation.reason, operation.running)
        for tag, value in zip(STATE_TAGS, values, strict=True):
            if tag in self._tags:
                yield self._reading(at_ms, tag, value)

    def _reset_counters(self, at_ms: int, *, repaired: bool) -> None:
        shift, by_hand = shift_of(self._site, at_ms), bool(self._resets_ms and at_ms >= self._resets_ms[0])
        if by_hand:
            self._resets_ms.pop(0)
        if self._counters and (repaired or by_hand or shift != self._shift):
            self._counters.reset()
        self._shift = shift

    def _period_ms(self, tag: str) -> int:
        return round(1000 * self._tags[tag].expected_period_s) if tag in self._tags else 300_000

    def _reading(self, at_ms: int, tag: str, value: float | int | str | bool) -> Reading:
        return Reading(at_ms, self.path, tag, value, self._tags[tag].unit)


def ambient_c(site: Site, at_ms: int) -> float:
    """Ambient temperature in Cel: warmest at three in the afternoon by the site's clock."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(site.time_zone))
    hour = local.hour + local.minute / 60 + local.second / 3600
    return 18 + 5 * math.cos((hour - 15) / 24 * 2 * math.pi)
