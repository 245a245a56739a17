"""Laws of the plant's physics: wear, smooth noise, response."""

from __future__ import annotations

import itertools
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.contracts import contracts
from acme_lib.plant.simulation.draws import Draws, Drift
from acme_lib.plant.simulation.signals import RESPONSES, Gauge, response_of
from acme_lib.plant.simulation.wear import WearLaw

LAW = WearLaw(life_h=36)
wears, loads, hours = st.floats(0, 0.99), st.floats(0.3, 1.1), st.floats(0, 30)


@given(wears, loads, hours, hours)
def test_a_long_step_equals_its_parts(wear: float, load: float, first: float, second: float) -> None:
    apart = LAW.grown(LAW.grown(wear, load, first), load, second)
    assert LAW.grown(wear, load, first + second) == pytest.approx(apart, rel=1e-9, abs=1e-9)


@given(wears, loads, st.floats(0.01, 30))
def test_wear_only_grows_and_faster_under_load(wear: float, load: float, long: float) -> None:
    assert LAW.grown(wear, load, long) > wear
    assert LAW.grown(wear, load * 1.1, long) > LAW.grown(wear, load, long)


@given(wears, loads)
def test_hours_left_lead_exactly_to_failure(wear: float, load: float) -> None:
    assert LAW.grown(wear, load, LAW.hours_left(wear, load)) == pytest.approx(1.0)


@given(st.floats(0.1, 30), st.floats(0.3, 1.0))
def test_worn_so_that_is_the_inverse_of_hours_left(left: float, load: float) -> None:
    assert LAW.hours_left(LAW.worn_so_that(left, load), load) == pytest.approx(left)


def test_a_new_machine_at_full_load_lasts_its_life() -> None:
    assert LAW.hours_left(0.0) == pytest.approx(36.0)
    # (1 + 4 w) = 5^(1/2) after half the life: w = (2.23607 - 1) / 4
    assert LAW.grown(0.0, 1.0, 18) == pytest.approx(0.309017, abs=1e-6)


def test_drift_keeps_its_spread_whatever_the_step() -> None:
    for step in (1.0, 60.0):
        drift = Drift(Draws(1, f"drift-{step}"), sigma=2.0, tau_s=90.0)
        values = [drift.step(step) for _ in range(40_000)]
        assert statistics.pstdev(values) == pytest.approx(2.0, rel=0.1)
        assert statistics.fmean(values) == pytest.approx(0.0, abs=0.4)


@pytest.mark.parametrize("tag", ["vibration_de", "temperature_winding", "current"])
def test_worn_and_loaded_machines_shake_heat_and_draw_more(tag: str) -> None:
    response = RESPONSES[tag]
    new, loaded = response.settles_at(True, 0.5, 0, 20), response.settles_at(True, 1.0, 0, 20)
    worn, still = response.settles_at(True, 0.5, 0.9, 20), response.settles_at(False, 0.5, 0.9, 20)
    assert still < new < min(loaded, worn)


def test_every_gauge_of_a_simulated_class_settles_within_its_range() -> None:
    facts = contracts()
    for name in {machine.equipment_class for machine in facts.assets.equipment}:
        for tag in facts.tags.classes[name].tags:
            if tag.kind == "gauge" and tag.range:
                for wear in (0.0, 1.0):
                    assert tag.range[0] <= response_of(tag).settles_at(True, 1.0, wear, 20) <= tag.range[1]


def test_a_gauge_follows_smoothly() -> None:
    tag = next(t for t in contracts().tags.classes["motor"].tags if t.name == "temperature_winding")
    gauge = Gauge(tag, Draws(1, "gauge"), 20.0)
    values = [gauge.step(10, True, 0.8, 0.2, 20.0) for _ in range(200)] + [
        gauge.step(10, False, 0, 0.2, 20.0) for _ in range(400)
    ]
    assert max(abs(a - b) for a, b in itertools.pairwise(values)) < 3  # Cel in ten seconds
    assert values[-1] == pytest.approx(21, abs=3)  # cold again
