"""What goes wrong in the plant, and when: drawn from the seed, spread over the span so that a short run sees it all."""

from __future__ import annotations

from dataclasses import dataclass, field

from acme_lib.contracts import Contracts, Equipment
from acme_lib.plant.simulation.config import Config
from acme_lib.plant.simulation.draws import Draws

__all__ = ["Incidents", "Window", "incidents", "source_system"]

ROUND_H = 4.0  # every so many hours of event time each kind of incident comes once
NEW_MEMBER = ',"firmware":"2.4.1"'  # the field that the envelope does not know


@dataclass(frozen=True)
class Window:
    """A stretch of event time at one place: a line, an equipment, or equipment/tag."""

    place: str
    start_ms: int
    end_ms: int

    def holds(self, place: str, at_ms: int) -> bool:
        return self.place == place and self.start_ms <= at_ms < self.end_ms


@dataclass(frozen=True)
class Incidents:
    """All incidents of one run, by kind."""

    test_mode: list[Window] = field(default_factory=list)  # a pilot line; its readings are SIMULATED
    sensor_faults: list[Window] = field(default_factory=list)  # a gauge; ERROR with an error code
    silences: list[Window] = field(default_factory=list)  # a gauge; its last value repeated as STALE
    wrong_clocks: list[Window] = field(default_factory=list)  # an equipment; tsUtc beyond the clock policy
    spikes: list[Window] = field(default_factory=list)  # a gauge; one value out of its plausible range
    delays: list[Window] = field(default_factory=list)  # a gauge; delivered at `delivered_ms`
    delivered_ms: dict[Window, int] = field(default_factory=dict)
    restarts: list[tuple[int, str]] = field(default_factory=list)  # a gateway starts a new epoch
    counter_resets: dict[str, list[int]] = field(default_factory=dict)  # an equipment's counters, by the operator
    new_field: tuple[int, str] | None = None  # from when, at which gateway
    clock_offset_ms: int = 0


def source_system(equipment: str) -> str:
    """The gateway that publishes for a line: gw-<site>-<area>-<line>."""
    return "gw-" + "-".join(equipment.split("/")[:3])


def incidents(config: Config, facts: Contracts) -> Incidents:
    """The incidents of a run. Same config and registry, same incidents."""
    draws = Draws(config.seed, "incidents")
    machines = facts.assets.equipment
    behind_ms = round(1000 * facts.bridge.clock_policy.default.behind_s)
    gateway = source_system(_pick(draws, machines).path)
    found = Incidents(
        new_field=(config.start_ms + config.span_ms // 2, gateway), clock_offset_ms=-(behind_ms + 3_600_000)
    )
    rounds = max(1, round(config.span_ms / 3_600_000 / ROUND_H))
    for n in range(rounds):
        _one_round(found, draws, facts, config.start_ms + config.span_ms * n // rounds, config.span_ms // rounds)
    return found


def _one_round(found: Incidents, draws: Draws, facts: Contracts, start_ms: int, span_ms: int) -> None:
    machines = facts.assets.equipment

    def window(place: str, begin: float, end: float) -> Window:
        return Window(place, start_ms + int(span_ms * begin), start_ms + int(span_ms * end))

    def gauge() -> str:
        machine = _pick(draws, machines)
        tags = [t.name for t in facts.tags.classes[machine.equipment_class].tags if t.kind == "gauge"]
        return f"{machine.path}/{draws.choice(dict.fromkeys(tags, 1.0))}"

    found.test_mode.append(window("/".join(_pick(draws, machines).path.split("/")[:3]), 0.10, 0.20))
    found.sensor_faults.append(window(gauge(), 0.30, 0.38))
    found.silences.append(window(gauge(), 0.42, 0.50))
    found.wrong_clocks.append(window(_pick(draws, machines).path, 0.60, 0.66))
    found.spikes.append(window(gauge(), 0.70, 0.70))
    found.delays.append(window(gauge(), 0.52, 0.55))
    found.delivered_ms[found.delays[-1]] = start_ms + int(span_ms * 0.80)
    found.restarts.append((start_ms + int(span_ms * 0.35), source_system(_pick(draws, machines).path)))
    counted = [m for m in machines if any(t.kind == "counter" for t in facts.tags.classes[m.equipment_class].tags)]
    if counted:
        place = _pick(draws, [m for m in counted if m.ideal_rate_per_h] or counted).path
        found.counter_resets.setdefault(place, []).append(start_ms + int(span_ms * 0.68))


def _pick(draws: Draws, machines: list[Equipment]) -> Equipment:
    return machines[int(draws.uniform(0, len(machines)))]
