"""Calibration: alarms as rare as promised on correlated rows, and power to find what moved."""

from __future__ import annotations

import numpy as np
import pytest
from drift_rows import rows

from acme_lib.drift import Reference, Rows, calibrate, compare
from acme_lib.drift.calibrate import Calibration
from acme_lib.drift.compare import compare_with
from acme_lib.drift.reference import clocks
from acme_lib.drift.windows import blocks_of, draw
from acme_lib.errors import WrongUse


def correlated(n: int, seed: int, carry: float = 0.95) -> np.ndarray:
    """Normal values of spread 1, each `carry` of the one before."""
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n, 4))
    for i in range(1, n):
        found[i] = carry * found[i - 1] + np.sqrt(1 - carry**2) * found[i]
    return found


def test_serial_correlation_does_not_cry_wolf() -> None:
    alarms, naive = [], []
    for seed in range(4):
        values = correlated(32_000, seed)
        reference = Reference(("a", "b", "c", "d"), rows(values[:16_000]))
        made = calibrate(reference, "all", 500)
        for start in range(16_500, 31_500, 1_000):
            found = compare_with(reference, [made], rows(values[start : start + 500]))
            alarms.append(bool(found.drifted))
            naive.append(any(f.metric == "psi" and f.value > 0.1 for f in found.findings))
    assert np.mean(alarms) <= 0.10  # 5 % promised; 60 windows
    assert np.mean(naive) >= 0.40  # the fixed threshold of the textbooks


@pytest.mark.parametrize("shift", [0.5, 1.0])
def test_a_shift_of_one_feature_is_found_and_named(reference: Reference, shift: float) -> None:
    values = np.random.default_rng(9).normal(size=(600, 3)) + np.array([0, shift, 0])
    found = compare(reference, rows(values)).drifted
    assert {f.feature for f in found} == {"heat"}
    assert {"psi", "mean_shift"} <= {f.metric for f in found}


def test_spread_and_missing_rate_are_found(reference: Reference) -> None:
    values = np.random.default_rng(9).normal(size=(2000, 3)) * [1, 2, 1]
    values[:100, 0] = np.nan
    found = {(f.feature, f.metric) for f in compare(reference, rows(values)).drifted}
    assert {("heat", "variance_shift"), ("speed", "missing_delta")} <= found


def test_the_same_rows_do_not_drift_and_nothing_is_judged_below_500(reference: Reference) -> None:
    assert compare(reference, rows(reference.rows.values[:2000])).drifted == []
    assert compare(reference, rows(np.full((499, 3), 9.0))).findings == []


def test_a_short_reference_judges_nothing_rather_than_guess() -> None:
    values = np.random.default_rng(1).normal(size=(900, 1))
    found = compare(Reference(("a",), rows(values)), rows(values[:600] + 3))
    assert found.drifted == []
    assert all(f.threshold is None for f in found.findings)


def test_few_independent_windows_promise_less() -> None:
    # 2,000 rows hold 4 windows of 500: a new one is the largest of 5 in one case of five
    made = Calibration("all", 500, 0.05, np.zeros((1, 4)), float("nan"), 25, 4)
    assert made.bound == 0.2


def test_windows_that_all_overlap_still_calibrate() -> None:
    # each window takes half of 20 equipment: hardly two of them share none, and quiet halves must not alarm
    values = np.random.default_rng(6).normal(size=(4_000, 5)) + np.repeat(
        np.random.default_rng(7).normal(size=(20, 5)), 200, axis=0
    )
    owners = np.repeat([f"e{n:02d}" for n in range(20)], 200)
    made = calibrate(Reference(tuple("abcde"), rows(values, owners), "equipment"), "all", 2_000)
    assert (made.thresholds[:, 1] > 0.3).all()  # means of ten against ten offsets of spread 1


def test_strata_are_judged_apart() -> None:
    rng = np.random.default_rng(5)
    young, old = rng.normal(0, 1, (12_000, 1)), rng.normal(5, 1, (12_000, 1))
    both = Rows(np.vstack([young, old]), np.full(24_000, "a"), np.arange(24_000), np.repeat(["young", "old"], 12_000))
    reference = Reference(("wear",), both)
    assert compare(reference, rows(rng.normal(5, 1, (600, 1)), stratum="old")).drifted == []
    assert compare(reference, rows(rng.normal(5, 1, (600, 1)), stratum="young")).drifted


def test_windows_take_whole_equipment_or_successive_slices() -> None:
    owners = np.repeat(["a", "b", "c", "d"], 250)
    at = np.tile(np.arange(250), 4)
    assert np.bincount(blocks_of("equipment", owners, at, 400)).tolist() == [250] * 4
    windows = draw("equipment", np.full(4, 250), 400, seed=1)
    assert set(windows.sum(axis=1)) == {2.0}
    slices = blocks_of("time", owners, at, 400)
    assert np.bincount(slices).tolist() == [50] * 20
    assert all(np.ptp(np.flatnonzero(w)) == 7 for w in draw("time", np.full(20, 50), 400, seed=1))


def test_clocks_are_told_from_signals() -> None:
    values = np.column_stack([np.tile(np.arange(50.0), 2), np.random.default_rng(1).normal(size=100), np.ones(100)])
    found = clocks(rows(values, np.repeat(["a", "b"], 50)))
    assert found.tolist() == [True, False, False]


def test_a_reference_needs_a_name_a_column() -> None:
    with pytest.raises(WrongUse, match="2 names for values of shape"):
        Reference(("a", "b"), rows(np.zeros((5, 3))))
