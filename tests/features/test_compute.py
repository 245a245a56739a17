"""Feature values by hand and against pandas, what a fit learns, and the names that go with them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from feature_rows import MINUTE, START, frames, noise, spec

from acme_lib.contracts import FeatureSpec
from acme_lib.errors import WrongUse
from acme_lib.features import Fitted, Frames, compute, fit, names, version, window_of

NAN = float("nan")


def table(of: FeatureSpec, history: Frames, *others: Frames) -> pd.DataFrame:
    fitted = fit(of, [history, *others])
    return pd.DataFrame(compute(fitted, history), columns=names(fitted))


def test_windows_by_hand() -> None:
    # a = 1, 3, missing, 7; window 4 at the last frame: mean 11/3, slope of (0,1) (1,3) (3,7) is 2 a frame
    found = table(spec(), frames([[1, 0, 0], [3, 1, 1], [NAN, 0, 0], [7, 1, 1]]))
    last = found.iloc[-1]
    assert last["a"] == 7
    assert last["a__mean_4"] == pytest.approx(11 / 3)
    assert last["a__std_4"] == pytest.approx(np.std([1, 3, 7], ddof=1))
    assert (last["a__min_4"], last["a__max_4"]) == pytest.approx((1, 7))
    assert last["a__slope_4"] == pytest.approx(2)
    assert np.isnan(last["a__slope_2"])  # one value only
    assert np.isnan(last["a__lag_1"])
    assert last["age"] == 4
    assert last["a__rise"] == pytest.approx(11 / 3 - 2)  # above the mean of the first two frames


def test_smoothing_and_sums_by_hand() -> None:
    found = table(spec(normalise=True), frames([[1, 0, 0], [3, 1, 1], [NAN, 0, 1], [5, 1, 0]]))
    z = (np.array([1, 3, 5]) - 3) / np.std([1, 3, 5])
    smooth = z[0] + 0.5 * (z[1] - z[0])
    assert found["a__ewm_3"].tolist() == pytest.approx([z[0], smooth, smooth, smooth + 0.5 * (z[2] - smooth)])
    assert found["a__sum"].tolist() == pytest.approx([z[0], z[0] + z[1], z[0] + z[1], 0], abs=1e-6)


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_windows_agree_with_pandas(share: float) -> None:
    rng, values = np.random.default_rng(2), noise(200)
    values[rng.random(values.shape) < share] = NAN
    found = table(spec(), frames(values))
    for n, tag in enumerate("abc"):
        rolled = pd.Series(values[:, n]).rolling(4, min_periods=1)
        for stat in ("mean", "std", "min", "max"):
            np.testing.assert_allclose(found[f"{tag}__{stat}_4"], getattr(rolled, stat)(), rtol=1e-5)
        slopes = rolled.apply(
            lambda w: np.polyfit(np.flatnonzero(w == w), w[w == w], 1)[0] if (w == w).sum() > 1 else NAN, raw=True
        )
        np.testing.assert_allclose(found[f"{tag}__slope_4"], slopes, rtol=1e-4, atol=1e-5)


def test_events_and_labels_by_hand() -> None:
    hour = 60 * MINUTE
    happened = np.array([START - 2 * MINUTE, START, START + 90_000_000])
    history = frames(
        noise(6),
        events={("alarm", "x"): happened, ("alarm", "Y 2"): np.array([START + 5 * MINUTE])},
        attributes={"kind": [(START, "old"), (START + 2 * MINUTE, "new")], "years": [(START + MINUTE, 7.0)]},
    )
    found = table(spec(), history)
    assert found["alarm_x__count_0.05h"].tolist() == [
        2,
        1,
        2,
        1,
        1,
        0,
    ]  # within 3 minutes, the third alarm from frame 2 on
    assert found["alarm_x__total"].tolist() == [2, 2, 3, 3, 3, 3]
    assert found["alarm_x__hours_since"].iloc[3] == pytest.approx((3 * MINUTE - 90_000_000) / hour)
    assert found["alarm_y_2__hours_since"].isna().tolist() == [True] * 5 + [False]
    assert found["kind__new"].tolist() == [0, 0, 1, 1, 1, 1]
    assert np.isnan(found["years"].iloc[0])
    assert found["years"].iloc[1] == 7


def test_a_value_never_seen_in_training_makes_no_column() -> None:
    fitted = fit(spec(), [frames(noise())])
    assert compute(fitted, frames(noise(), events={("alarm", "x"): np.array([START])})).shape == (
        12,
        len(names(fitted)),
    )


def test_absent_and_constant_tags_are_left_out_and_their_return_harms_nothing() -> None:
    values = noise()
    values[:, 1], values[:, 2] = NAN, 518.67
    fitted = fit(spec(), [frames(values)])
    assert (fitted.known, fitted.signals) == (["a", "c"], ["a"])
    found = compute(fitted, frames(noise()))
    assert found.shape == (12, len(names(fitted)))
    assert np.isfinite(compute(fitted, frames([[NAN, NAN, NAN]]))[:, [-1]]).sum() == 0


def test_derived_tags() -> None:
    derived = [{"name": "ab", "op": "product", "of": ["a", "b"]}, {"name": "gap", "op": "difference", "of": ["a", "b"]}, {"name": "share", "op": "ratio", "of": ["a", "b"]}]  # fmt: skip
    found = table(spec(derived=derived), frames([[6, 2, 1], [8, 4, 2], [NAN, 1, 3], [1, 0, 3]]))
    assert found["ab"].iloc[:2].tolist() == pytest.approx([12, 32])
    assert found["gap"].iloc[:2].tolist() == pytest.approx([4, 4])
    assert np.isnan(found["ab"].iloc[2])
    assert np.isnan(found["share"].iloc[3])  # no ratio to nothing


@pytest.mark.parametrize("count", [1, 2, 6])
def test_the_number_of_regimes_is_the_datas(count: int) -> None:
    centres = np.array([[0, 0, 100], [10, 0.25, 100], [20, 0.7, 100], [25, 0.62, 60], [35, 0.84, 100], [42, 0.84, 100]])
    rng = np.random.default_rng(3)
    points = centres[rng.integers(0, count, 3000)] + rng.normal(0, 0.002, (3000, 3))
    fitted = fit(spec(regimes={"tags": ["a", "b", "c"]}), [frames(points)])
    assert len(fitted.centroids) == count
    assert fitted.settings == {1: [], 2: ["a", "b"], 6: ["a", "b", "c"]}[count]


def test_each_regime_is_normalised_by_its_own() -> None:
    rng, regime = np.random.default_rng(4), np.arange(400) % 2
    values = np.stack([regime * 100.0, rng.normal(regime * 50, 1 + regime), rng.normal(0, 1, 400)], axis=1)
    found = table(spec(regimes={"tags": ["a"]}, normalise=True), frames(values))
    for n in (0, 1):
        assert found["b"][regime == n].mean() == pytest.approx(0, abs=1e-6)
        assert found["b"][regime == n].std(ddof=0) == pytest.approx(1, abs=1e-6)
    values[0, 0] = NAN  # no setting: no regime, no deviation
    fitted = fit(spec(regimes={"tags": ["a"]}, normalise=True), [frames(values)])
    assert np.isnan(compute(fitted, frames(values))[0, : len(fitted.signals)]).all()


def test_fit_learns_only_from_equipment_that_may_teach() -> None:
    teacher = frames(noise(), "train/p-1")
    of = spec(fit_equipment="train/.*")
    assert version(fit(of, [teacher])) == version(fit(of, [teacher, frames(noise(seed=9), "test/p-1")]))
    with pytest.raises(WrongUse, match=r"no frames of equipment train/\.\*; replay training files"):
        fit(of, [frames(noise(), "test/p-1")])


def test_version_follows_spec_and_what_was_learned() -> None:
    fitted = fit(spec(), [frames(noise())])
    assert version(fitted).startswith("press-")
    assert Fitted.from_json(fitted.to_json()) == fitted
    others = [fit(spec(), [frames(noise(seed=2))]), fit(spec(windows=[2]), [frames(noise())])]
    assert len({version(found) for found in (fitted, *others)}) == 3
    with pytest.raises(WrongUse, match="write it anew"):
        Fitted.from_json(b"{}")


def test_names_are_unique_and_tell_their_window() -> None:
    fitted = fit(
        spec(), [frames(noise(), events={("alarm", "x"): np.array([START])}, attributes={"kind": [(START, "k")]})]
    )
    found = names(fitted)
    assert len(set(found)) == len(found) == compute(fitted, frames(noise())).shape[1]
    assert {window_of(name) for name in found} == {None, 2, 4}
