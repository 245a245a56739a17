"""Classifiers on rows small enough to work out by hand: calibration, figures, events, and what cross-validation makes of them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import msgspec
import numpy as np
import pytest

from acme_lib.contracts import Costs, contracts
from acme_lib.models import judging
from acme_lib.models.bands import Answers, answer
from acme_lib.models.calibration import calibrated
from acme_lib.models.crossval import choice_figure
from acme_lib.models.dataset import Dataset
from acme_lib.models.figures import figures
from acme_lib.models.recipe import Recipe

HOUR_US = 3_600_000_000
MILL = contracts().use_cases["ai4i_failure"]
MACHINE = contracts().use_cases["failure_24h"]
CLOSE = 1e-5  # the curve's slope of a millionth keeps ranks apart


def dataset(truth: list[float], **over: Any) -> Dataset:
    count = len(truth)
    columns = {
        "equipment": np.array([f"e-{n}" for n in range(count)]),
        "at": np.arange(1, count + 1) * HOUR_US,
        "frame": np.arange(1, count + 1),
        "complete": np.ones(count, dtype=bool),
        "vectors": np.zeros((count, 1), dtype=np.float32),
        "label": np.array(truth, dtype=np.float64),
        "split": np.full(count, "train"),
    }
    return Dataset(**{**columns, **over})


def answers(value: list[float]) -> Answers:
    none = np.full(len(value), np.nan)
    return Answers(np.array(value), none, none)


def test_calibration_is_the_monotone_curve_through_the_outcomes() -> None:
    raw = np.array([0.1, 0.2, 0.3, 0.4])
    bands = calibrated(np.array([0.0, 1.0, 0.0, 1.0]), raw, 0.9)  # 1 before 0: the middle two are pooled to a half
    value = answer(bands, raw).value
    assert value == pytest.approx([0, 0.5, 0.5, 1], abs=CLOSE)
    assert (np.diff(value) > 0).all()  # what ranked apart still does
    assert answer(bands, np.array([0.0, 0.15, 1.0])).value == pytest.approx([0, 0.25, 1], abs=CLOSE)


@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_outcome_alone_calibrates_nothing(outcome: float) -> None:
    raw = np.array([0.2, 0.7])
    assert answer(calibrated(np.full(2, outcome), raw, 0.9), raw).value.tolist() == [0.2, 0.7]


def test_figures_of_five_pieces() -> None:
    # alarms at 0.5: 0.9 is a hit, 0.8 false, 0.2 missed. Ranked 1, 0, 1, 0, 0: (1 + 2/3) / 2
    found = figures(MILL, dataset([1, 1, 0, 0, 0]), answers([0.9, 0.2, 0.8, 0.1, 0.0]), 0.5, {}, 1)
    assert (found["precision"], found["recall"], found["f1"]) == (0.5, 0.5, 0.5)
    assert found["average_precision"] == pytest.approx(5 / 6)
    assert found["brier"] == pytest.approx((0.01 + 0.64 + 0.64 + 0.01) / 5)
    assert found["calibration_error"] == pytest.approx(0)  # 2.0 said in all, 2 happened
    assert (found["positives"], found["rows"], found["threshold"]) == (2, 5, 0.5)
    assert "events" not in found  # a piece of a minute has no week to alarm in


def test_figures_of_two_machines_count_failures_and_runs_of_false_alarms() -> None:
    # a fails at hour 40, announced at 30; b never fails and alarms at 10 and 11, which is one run, and at 20
    equipment, at = np.repeat(["a", "b"], 48), np.tile(np.arange(1, 49) * HOUR_US, 2)
    alarm = ((equipment == "a") & (at == 30 * HOUR_US)) | ((equipment == "b") & np.isin(at // HOUR_US, (10, 11, 20)))
    label = ((equipment == "a") & (at >= 16 * HOUR_US) & (at < 40 * HOUR_US)).astype(float)
    rows = dataset(label.tolist(), equipment=equipment, at=at)
    found = figures(MACHINE, rows, answers(alarm.astype(float).tolist()), 0.5, {"a": np.array([40 * HOUR_US])}, 1)
    assert (found["events"], found["event_recall"]) == (1, 1)
    assert found["false_alarms_per_machine_week"] == pytest.approx(2 / (96 / 168))


def test_a_choice_is_made_by_ranking_and_on_judged_rows_only() -> None:
    raw = np.array([0.9, 0.8, 0.1, np.nan])
    assert choice_figure(MILL, dataset([1, 0, 1, 1]), raw) == pytest.approx(1 - (1 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("costs", "threshold", "f1"),
    [
        (Costs(false_negative=1, false_positive=1), 0.75, 0.8),  # between 1 and 0.5: two hits, one miss
        (Costs(false_negative=20, false_positive=1), 0.25, 6 / 7),  # between 0.5 and 0: three hits, one false
    ],
)
def test_judging_calibrates_and_takes_the_cheapest_threshold(monkeypatch: pytest.MonkeyPatch, costs: Costs, threshold: float, f1: float) -> None:  # fmt: skip
    truth = [1.0, 1, 0, 1, 0, 0]
    raw, leaky = np.array([0.9, 0.7, 0.6, 0.4, 0.2, 0.1]), np.array(truth)  # calibrated: 1, 1, 0.5, 0.5, 0, 0
    told = iter([raw, leaky])
    monkeypatch.setattr(judging, "held_out", lambda *_: next(told))
    case = msgspec.structs.replace(MILL, costs=costs)
    found = judging.judge(SimpleNamespace(case=case, names=("x",), events={}), dataset(truth), Recipe(), 1)  # type: ignore[arg-type]
    assert found.answers.value == pytest.approx([1, 1, 0.5, 0.5, 0, 0], abs=CLOSE)
    assert np.isnan(found.answers.low).all()
    assert found.threshold == pytest.approx(threshold, abs=CLOSE)
    assert found.figures["f1"] == pytest.approx(f1)
    assert found.figures["choice"] == pytest.approx(1 - (1 + 1 + 3 / 4) / 3)
    assert found.figures["choice_leaky_random_rows"] == 0
