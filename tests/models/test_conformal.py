"""Intervals and slices and gates: by hand, and the law that held-out coverage is what was asked."""

from __future__ import annotations

import numpy as np
import pytest

from acme_lib.contracts import Gate
from acme_lib.models.bands import answer
from acme_lib.models.conformal import asset_weights, bands_of, coverage, weighted_quantile
from acme_lib.models.gates import bounded, passed, stated
from acme_lib.models.metrics import brier, mae, unexplained
from acme_lib.models.slices import age_bands, lines, sites, slices


def test_every_asset_has_the_same_say() -> None:
    assert asset_weights(np.array(["a", "a", "b"])).tolist() == [0.5, 0.5, 1.0]


def test_weighted_quantile_by_hand() -> None:
    values, weight = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.0, 2.0])
    assert [weighted_quantile(values, weight, q) for q in (0.25, 0.26, 0.75, 0.76, 1.0)] == [1, 2, 2, 3, 3]


def test_coverage_of_new_rows_is_the_level_in_every_band() -> None:
    rng = np.random.default_rng(1)
    value = rng.uniform(0, 125, 8000)
    truth = value + rng.normal(0, 1 + value / 10)  # the longer the life, the wider
    learn = np.arange(8000) < 4000
    bands = bands_of(truth[learn], value[learn], np.ones(4000), 0.9, 5, None, None)
    found = answer(bands, value[~learn])
    assert coverage(truth[~learn], found) == pytest.approx(0.9, abs=0.02)
    low = value[~learn] < 25
    narrow = answer(bands, value[~learn][low])
    assert coverage(truth[~learn][low], narrow) == pytest.approx(0.9, abs=0.04)
    assert (found.high - found.low)[low].max() < (found.high - found.low)[~low].max()


def test_a_rare_event_counts_by_the_assets_where_it_came_and_its_rate_is_no_error() -> None:
    equipment = np.repeat([f"s/a/l1/c/e{n}" for n in range(4)], 10)
    half = np.where(np.arange(40) < 20, "often", "seldom")
    truth = np.where(half == "often", np.arange(40) % 2, np.arange(40) % 10 == 0).astype(float)
    value = np.where(truth == 1, 0.8, 0.2)
    assert brier(truth[half == "often"], value[half == "often"]) == pytest.approx(0.04)
    assert unexplained(truth[half == "often"], value[half == "often"]) == pytest.approx(0.04 / 0.25)
    found = slices({"half": half}, equipment, truth, value, unexplained, lambda a, b: a > 1.5 * b, 3, 2, truth == 1)
    assert [(s.value, s.assets, s.verdict) for s in found] == [("often", 2, "ok"), ("seldom", 2, "worse")]
    found = slices({"half": half}, equipment, truth, value, unexplained, lambda a, b: a > 1.5 * b, 3, 3, truth == 1)
    assert {s.verdict for s in found} == {"insufficient"}
    assert np.isnan(unexplained(np.zeros(3), np.zeros(3)))


def test_a_small_slice_claims_nothing_and_a_bad_one_is_named() -> None:
    equipment = np.array(["s/a/l1/c/e1"] * 4 + ["s/a/l2/c/e2"] * 2)
    truth, value = np.zeros(6), np.array([1.0, 1, 1, 1, 9, 9])
    found = slices({"line": lines(equipment)}, equipment, truth, value, mae, lambda a, b: a > 2 * b, 3, 1)
    assert [(s.value, s.rows, s.figure, s.verdict) for s in found] == [
        ("s/a/l1", 4, 1.0, "ok"),
        ("s/a/l2", 2, None, "insufficient"),
    ]
    found = slices({"line": lines(equipment)}, equipment, truth, value, mae, lambda a, b: a > 2 * b, 2, 1)
    assert found[1].verdict == "worse"  # 9 against 22/6
    assert sites(equipment).tolist() == ["s"] * 6
    assert age_bands(np.array([1, 2, 3])).tolist() == ["young", "middle", "old"]


def test_gates_fail_closed() -> None:
    gates = [Gate(metric="rmse", at_most=20), Gate(metric="coverage", at_least=0.85)]
    assert [v.ok for v in bounded(gates, {"rmse": 20.0, "coverage": 0.9})] == [True, True]
    assert [v.ok for v in bounded(gates, {"rmse": 20.1})] == [False, False]
    assert [v.ok for v in bounded(gates, {"rmse": float("nan"), "coverage": None})] == [False, False]
    assert not bounded([Gate(metric="rmse")], {"rmse": 1.0})[0].ok  # a gate without a bound is no gate


def test_a_gate_that_was_not_judged_or_could_not_be_fails_all() -> None:
    ok, unknown = stated("drift", True, "none", 0), stated("latency", None, "<= 1 ms", None)
    assert passed([ok], ["drift"])
    assert not passed([ok], ["drift", "latency"])
    assert not passed([ok, unknown], ["drift"])
    assert passed([ok, stated("slices", False, "-", "-", binding=False)], ["drift", "slices"])
