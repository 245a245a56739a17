"""How a measured tag answers to load, wear and state. One law for all gauges, its figures in a table by tag name."""

from __future__ import annotations

import math
from dataclasses import dataclass

from acme_lib.contracts import Tag
from acme_lib.plant.simulation.draws import Draws, Drift

__all__ = ["RESPONSES", "Gauge", "Response", "response_of"]


@dataclass(frozen=True)
class Response:
    """Where a gauge settles: `rest` while stopped (plus the ambient's share), else base + load L + wear w^2.

    It gets there with time constant `tau_s`, and drifts about it by `noise` (one sigma). Units are the tag's.
    """

    rest: float
    base: float
    load: float
    wear: float
    noise: float
    tau_s: float
    ambient: float = 0.0  # share of the ambient temperature (Cel) that adds to all of it

    def settles_at(self, running: bool, load: float, wear: float, ambient_c: float) -> float:
        driven = self.base + self.load * load + self.wear * wear * wear if running else self.rest
        return driven + self.ambient * ambient_c


# by tag name; what is not listed answers as `generic` says, from its plausible range
RESPONSES: dict[str, Response] = {
    "vibration_de": Response(rest=0.05, base=1.1, load=0.9, wear=8.5, noise=0.12, tau_s=20),
    "temperature_exhaust": Response(rest=2, base=62, load=22, wear=14, noise=0.5, tau_s=420, ambient=1),
    "temperature_bearing": Response(rest=1, base=16, load=18, wear=32, noise=0.3, tau_s=540, ambient=1),
    "temperature_winding": Response(rest=1, base=24, load=38, wear=30, noise=0.4, tau_s=480, ambient=1),
    "temperature_oil": Response(rest=3, base=34, load=20, wear=24, noise=0.3, tau_s=600, ambient=1),
    "pressure_discharge": Response(rest=0.2, base=5.6, load=1.6, wear=-1.4, noise=0.05, tau_s=30),
    "current": Response(rest=0.4, base=24, load=58, wear=17, noise=0.8, tau_s=8),
    "speed": Response(rest=0.0, base=1492, load=-22, wear=-12, noise=1.5, tau_s=12),
}


def response_of(tag: Tag) -> Response:
    """The table's figures, or plausible ones from the tag's range: a quarter up at rest, half at full load."""
    if tag.name in RESPONSES:
        return RESPONSES[tag.name]
    low, high = tag.range or (0.0, 100.0)
    span = high - low
    return Response(low + 0.1 * span, low + 0.25 * span, 0.25 * span, 0.15 * span, 0.005 * span, 60)


class Gauge:
    """One gauge of one machine: its response, scaled by the machine's own tolerance, followed through time."""

    def __init__(self, tag: Tag, draws: Draws, ambient_c: float) -> None:
        self.tag, self.response = tag, response_of(tag)
        self._own = 1 + 0.03 * draws.normal()
        self._drift = Drift(draws, self.response.noise, 90.0)
        self._level = self.response.settles_at(True, 0.7, 0.0, ambient_c)

    def step(self, seconds: float, running: bool, load: float, wear: float, ambient_c: float) -> float:
        """The reading after `seconds` under these conditions, within the tag's plausible range."""
        goal = self.response.settles_at(running, load, wear, ambient_c)
        self._level += (goal - self._level) * -math.expm1(-seconds / self.response.tau_s)
        value = self._own * self._level + self._drift.step(seconds) * (1.0 if running else 0.1)
        low, high = self.tag.range or (-math.inf, math.inf)
        return round(min(max(value, low), high), 4)


class Moisture:
    """Product moisture and its set point: the recipe moves the set point, the dryer follows, wear leaves it too wet."""

    RECIPES = (9.0, 10.5, 12.0, 14.0)  # percent
    RECIPE_MEAN_S, FOLLOW_S, WEAR_OFFSET = 3600.0, 240.0, 2.5

    def __init__(self, draws: Draws) -> None:
        self._draws, self._drift = draws, Drift(draws, 0.15, 120.0)
        self._left_s = draws.exponential(self.RECIPE_MEAN_S)
        self.setpoint = draws.choice(dict.fromkeys(map(str, self.RECIPES), 1.0))
        self.actual = float(self.setpoint)

    def step(self, seconds: float, running: bool, wear: float) -> dict[str, float]:
        """moisture_setpoint and moisture_actual after `seconds`; a stopped dryer lets its product take up moisture."""
        self._left_s -= seconds
        if self._left_s <= 0:
            self.setpoint = self._draws.choice(dict.fromkeys(map(str, self.RECIPES), 1.0))
            self._left_s = self._draws.exponential(self.RECIPE_MEAN_S)
        goal = float(self.setpoint) + self.WEAR_OFFSET * wear * wear if running else 18.0
        self.actual += (goal - self.actual) * -math.expm1(-seconds / (self.FOLLOW_S if running else 1800.0))
        measured = round(max(0.0, self.actual + self._drift.step(seconds)), 4)
        return {"moisture_setpoint": float(self.setpoint), "moisture_actual": measured}
