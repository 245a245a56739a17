"""Components: one quiet signal out of many noisy ones, by hand and on a wear that only the sum of the sensors shows."""

from __future__ import annotations

import numpy as np
import pytest
from feature_rows import frames, noise, spec

from acme_lib.features import compute, fit, names
from acme_lib.features.components import learned, scores

OPPOSITE = np.array([[2.0, -2.0], [0.0, 0.0], [-2.0, 2.0]])


def test_two_opposite_signals_by_hand() -> None:
    loadings = learned([OPPOSITE], count=2, over=1)
    assert loadings == pytest.approx(np.array([[0.5**0.5, -(0.5**0.5)]]))  # a second one has no variance
    assert scores(OPPOSITE, loadings)[:, 0] == pytest.approx([8**0.5, 0, -(8**0.5)])


def test_where_a_signal_is_missing_the_others_speak_for_it() -> None:
    loadings = learned([OPPOSITE], count=1, over=1)
    holes = np.array([[2.0, np.nan], [np.nan, -2.0], [np.nan, np.nan]])
    assert scores(holes, loadings)[:, 0] == pytest.approx([8**0.5, 8**0.5, np.nan], nan_ok=True)


def test_means_are_taken_within_one_equipment() -> None:
    long = [np.full((4, 1), 0.0), np.full((4, 1), 6.0)]
    assert learned(long, count=1, over=4) == pytest.approx(np.array([[1.0]]))


def test_a_wear_that_hides_in_each_sensor_shows_in_the_component() -> None:
    rng, wear = np.random.default_rng(1), np.linspace(0, 1, 400)
    values = wear[:, None] * [1, -1, 1] + rng.normal(0, 1, (400, 3))
    fitted = fit(spec(normalise=True, components={"count": 1, "over": 50}), [frames(values)])
    found = dict(zip(names(fitted), compute(fitted, frames(values)).T, strict=True))
    alone = [abs(np.corrcoef(found[tag], wear)[0, 1]) for tag in ("a", "b", "c")]
    assert abs(np.corrcoef(found["component_1"], wear)[0, 1]) > max(alone) + 0.1
    assert "component_1__slope_4" in found


def test_without_normalising_the_other_columns_keep_their_units() -> None:
    values = noise()
    plain, more = (fit(spec(components=c), [frames(values)]) for c in (None, {"count": 1, "over": 2}))
    first = dict(zip(names(more), compute(more, frames(values)).T, strict=True))
    for name, column in zip(names(plain), compute(plain, frames(values)).T, strict=True):
        np.testing.assert_array_equal(first[name], column)


def test_nothing_that_varies_gives_no_component() -> None:
    fitted = fit(spec(components={"count": 2, "over": 2}), [frames(np.full((5, 3), 7.0))])
    assert (fitted.signals, fitted.series) == ([], [])
