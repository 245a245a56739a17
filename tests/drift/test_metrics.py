"""Drift metrics: values by hand, laws for any counts."""

from __future__ import annotations

from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.drift import mean_shift, missing_delta, psi, variance_shift
from acme_lib.drift.tally import distances, scale_of, tally

counts = st.lists(st.integers(0, 10_000), min_size=5, max_size=5)


def test_psi_by_hand() -> None:
    # (9 + 0.5, 9 + 0.5) / 19 = 0.5, 0.5 and (3.5, 15.5) / 19; twice the counts' own difference times a log ratio
    p, q = 3.5 / 19, 15.5 / 19
    assert psi([9, 9], [3, 15]) == pytest.approx((p - 0.5) * log(p / 0.5) + (q - 0.5) * log(q / 0.5))


def test_an_empty_bin_is_finite() -> None:
    # 100.5/101, 0.5/101 against the reverse: 2 * (100/101) * ln(201)
    assert psi([100, 0], [0, 100]) == pytest.approx(2 * 100 / 101 * log(201))


@given(counts, counts)
def test_psi_is_never_negative_and_symmetric(a: list[int], b: list[int]) -> None:
    assert psi(a, b) >= 0
    assert psi(a, b) == pytest.approx(psi(b, a), abs=1e-12)


@given(counts)
def test_psi_of_itself_is_zero(a: list[int]) -> None:
    assert psi(a, a) == 0


def test_shifts_by_hand() -> None:
    assert mean_shift(10, 2, 11) == 0.5
    assert mean_shift(10, 0, 11) == 1  # never varied: in its own unit
    assert variance_shift(1, 2) == pytest.approx(log(4))
    assert missing_delta(10, 100, 30, 100) == pytest.approx(0.2)


@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_variance_shift_changes_its_sign_when_swapped(a: float, b: float) -> None:
    assert variance_shift(a, b) == pytest.approx(-variance_shift(b, a), abs=1e-9)


def test_tally_gives_the_moments_of_plain_numpy() -> None:
    rng = np.random.default_rng(3)
    before, now = rng.normal(1e6, 2, size=(900, 2)), rng.normal(1e6 + 1, 3, size=(700, 2))
    now[:70, 1] = np.nan
    scale = scale_of(before)
    found = distances(tally(before, scale).whole, tally(now, scale).whole)
    for f in range(2):
        mean, std = before[:, f].mean(), before[:, f].std()
        assert found[f, 1] == pytest.approx((np.nanmean(now[:, f]) - mean) / std, rel=1e-9)
        assert found[f, 2] == pytest.approx(2 * log(np.nanstd(now[:, f]) / std), rel=1e-9)
    assert found[:, 3].tolist() == [0, pytest.approx(0.1)]


def test_blocks_add_up_to_the_whole() -> None:
    values = np.random.default_rng(4).normal(size=(1000, 3))
    scale = scale_of(values)
    apart = tally(values, scale, np.arange(1000) % 7).whole
    together = tally(values, scale).whole
    for a, b in zip(apart.parts, together.parts, strict=True):
        assert np.allclose(a, b)


@pytest.mark.parametrize("moved", [-1.0, 1.0])
def test_a_constant_that_moves_is_seen_either_way(moved: float) -> None:
    scale = scale_of(np.full((600, 1), 5.0))
    before, now = tally(np.full((600, 1), 5.0), scale).whole, tally(np.full((600, 1), 5.0 + moved), scale).whole
    assert distances(before, now)[0, 0] > 5
    assert distances(before, before)[0, 0] == 0
