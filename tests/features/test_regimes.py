"""Regimes of a set like FD002: six conditions with small noise, some odd rows, and settings that were not taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from feature_rows import spec

from acme_lib.features import Frames, Online, compute, fit, names, regimes
from acme_lib.features.fitted import Fitted

CONDITIONS = np.array([[0, 0, 100], [10, 0.25, 100], [20, 0.7, 100], [25, 0.62, 60], [35, 0.84, 100], [42, 0.84, 100]])
LIMITS = {"most": 8, "explained": 0.999}
HOUR_US = 3_600_000_000
Matrix = npt.NDArray[np.float64]


def settings(count: int = 4000, seed: int = 4) -> tuple[Matrix, npt.NDArray[np.intp]]:
    """(points, condition of each)."""
    rng = np.random.default_rng(seed)
    own = rng.integers(6, size=count)
    return CONDITIONS[own] + rng.normal(0, 1, (count, 3)) * [0.003, 0.0003, 0], own


def scaled(points: Matrix, by: Matrix) -> Matrix:
    return (points - by.mean(axis=0)) / by.std(axis=0)


def found(points: Matrix) -> Matrix:
    """Centres in the settings' own units, in their order."""
    centres = regimes.centroids(scaled(points, points), **LIMITS)
    return centres * points.std(axis=0) + points.mean(axis=0)


def test_six_clean_conditions_are_six_regimes() -> None:
    points, own = settings()
    assert regimes.discrete(scaled(points, points), **LIMITS) == [0, 1, 2]
    np.testing.assert_allclose(found(points), CONDITIONS, atol=0.02)
    centres = regimes.centroids(scaled(points, points), **LIMITS)
    np.testing.assert_array_equal(regimes.nearest(scaled(points, points), centres), own)


@pytest.mark.parametrize("odd", [[60.0, 75.0, 90.0], [60.0], [60.0, 60.0, 90.0], [30.0, -5.0, 55.0, 90.0, 38.0]])
def test_a_few_odd_altitudes_merge_no_regimes(odd: list[float]) -> None:
    points, _ = settings()
    points[100 : 100 + len(odd), 0] = odd
    assert regimes.discrete(scaled(points, points), **LIMITS) == [0, 1, 2]
    np.testing.assert_allclose(found(points), CONDITIONS, atol=0.02)


def test_odd_rows_make_no_regimes_of_a_constant_nor_of_noise() -> None:
    for noise in (0.0, 0.002):
        points = 10 + np.random.default_rng(1).normal(0, noise, (4000, 1))
        points[:3] = [[60.0], [75.0], [90.0]]
        assert regimes.discrete(scaled(points, points), **LIMITS) == []


def test_many_small_clusters_are_no_accident() -> None:
    # a third of the rows in thirty levels of ten: set aside, two levels would be left and look like all there is
    points = np.concatenate([np.repeat(np.linspace(1, 99, 30), 10), np.zeros(300), np.full(300, 100.0)])[:, None]
    assert len(regimes.centroids(scaled(points, points), **LIMITS)) == 1


@pytest.mark.parametrize(
    ("missing", "known"),
    [
        ((0,), [0, 1, 2, 3, -1, -1]),  # 35 and 42 kft differ by altitude alone
        ((1,), [0, 1, 2, 3, 4, 5]),
        ((2,), [0, 1, 2, 3, 4, 5]),
        ((0, 1), [-1, -1, -1, 3, -1, -1]),  # one alone flies at 60
        ((0, 1, 2), [-1, -1, -1, -1, -1, -1]),
    ],
)
def test_a_row_has_a_regime_only_where_its_settings_tell_it(missing: tuple[int, ...], known: list[int]) -> None:
    points, own = settings()
    centres = regimes.centroids(scaled(points, points), **LIMITS)
    holed = scaled(points, points)
    holed[:, missing] = np.nan
    np.testing.assert_array_equal(regimes.nearest(holed, centres), np.array(known)[own])
    np.testing.assert_array_equal([regimes.nearest(row[None], centres)[0] for row in holed[:50]], np.array(known)[own[:50]])  # fmt: skip


def turbines(holes: Callable[[Matrix], None]) -> tuple[Fitted, list[Frames]]:
    """Six engines whose sensor stands ten apart in each condition; the fit sees the last with holes in its settings too."""
    rule = spec(
        frame={"period_s": 3600, "deadline_s": 60, "required": ["s1", "s2", "s3", "heat"]}, normalise=True, events=[], attributes=[],
        regimes={"tags": ["s1", "s2", "s3"], "most": 8, "explained": 0.999}, fit_equipment="e-.*", cumulative=True,
    )  # fmt: skip
    whole = []
    for n in range(6):
        points, own = settings(200, seed=n)
        heat = 600 + 10.0 * own + np.random.default_rng(n).normal(0, 0.05, 200)
        values = np.column_stack([points, heat])
        if n == 5:
            holes(values)
        whole.append(Frames(f"e-{n}", np.arange(1, 201) * HOUR_US, values))
    return fit(rule, whole), whole


def online(fitted: Fitted, frames: Frames) -> Matrix:
    live, tags = Online(fitted, frames.equipment_id), fitted.spec.frame.tags
    vectors: list[Any] = []
    for at, row in zip(frames.times, frames.values, strict=True):
        for tag, value in zip(tags, row, strict=True):
            if value == value:
                vectors += [v.vector for v in live.add(tag, int(at), float(value))]
    return np.stack(vectors + [v.vector for v in live.flush()])


def test_a_cycle_without_altitude_is_missing_in_batch_and_online_and_leaves_the_running_sum_right() -> None:
    def holes(values: Matrix) -> None:
        values[20:60, 0] = np.nan

    fitted, whole = turbines(holes)
    assert len(fitted.centroids) == 6
    last = whole[-1]
    vectors = compute(fitted, last)
    lost = np.isnan(vectors[:, 0])
    np.testing.assert_array_equal(lost, np.isnan(last.values[:, 0]) & (last.values[:, 1] > 0.8))
    assert 5 < lost.sum() < 30
    assert np.nanmax(np.abs(vectors[:, 0])) < 6  # spreads; a wrong regime is 200 off
    total = vectors[:, names(fitted).index("heat__sum")]
    assert np.abs(np.diff(total)).max() < 6
    np.testing.assert_array_equal(online(fitted, last), vectors)
