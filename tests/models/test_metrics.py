"""Metrics by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from acme_lib.contracts import Costs
from acme_lib.models import metrics as m
from acme_lib.models.events import Machine, event_figures

HOUR = 3_600_000_000


def col(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float64)


def test_errors_and_the_score_that_punishes_lateness() -> None:
    truth, value = col(10, 20, 30), col(13, 20, 26)  # errors 3, 0, -4
    assert m.rmse(truth, value) == pytest.approx(math.sqrt(25 / 3))
    assert m.mae(truth, value) == pytest.approx(7 / 3)
    assert m.cmapss_score(truth, value) == pytest.approx(math.exp(3 / 10) - 1 + math.exp(4 / 13) - 1)
    assert m.weighted_rmse(truth, value, col(1, 1, 0)) == pytest.approx(math.sqrt(4.5))


def test_average_precision_by_steps() -> None:
    # ranked: hit, miss, hit -> 1/2 * 1 + 1/2 * 2/3
    assert m.average_precision(col(1, 0, 1, 0), col(0.9, 0.8, 0.7, 0.1)) == pytest.approx(0.5 + 1 / 3)
    assert m.average_precision(col(1, 0, 1, 0), col(0.5, 0.5, 0.5, 0.5)) == pytest.approx(0.5)  # no order, no credit
    assert math.isnan(m.average_precision(col(0, 0), col(0.1, 0.2)))


def test_precision_recall_f1_at_a_threshold() -> None:
    truth, value = col(1, 1, 1, 0, 0), col(0.9, 0.8, 0.1, 0.7, 0.2)
    assert m.confusion(truth, value, 0.7) == (2, 1, 1, 1)
    assert m.precision_recall_f1(truth, value, 0.7) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    precision, recall, f1 = m.precision_recall_f1(truth, value, 0.95)
    assert math.isnan(precision)
    assert (recall, f1) == (0, 0)


def test_the_cheapest_threshold_lies_between_the_neighbours_it_parts() -> None:
    truth, value = col(1, 0, 1, 0, 0), col(0.9, 0.6, 0.4, 0.2, 0.1)
    # a missed failure costs 20: both are caught, at the price of the 0.6
    assert m.best_threshold(truth, value, Costs(false_negative=20, false_positive=1)) == pytest.approx(0.3)
    # a false alarm costs 20: the sure one only
    assert m.best_threshold(truth, value, Costs(false_negative=1, false_positive=20)) == pytest.approx(0.75)


def test_events_recalled_and_false_alarms_by_run() -> None:
    at = np.arange(168, dtype=np.int64) * HOUR  # one week
    alarm = np.zeros(168, dtype=bool)
    alarm[[10, 11, 12]] = True  # one false alarm of three hours
    alarm[[90, 91]] = True  # announces the failure at 100
    figures = event_figures([Machine(at, alarm, np.array([100 * HOUR, 150 * HOUR]))], 24 * HOUR, seed=1)
    assert (figures.failures, figures.recall, figures.false_alarms_per_week) == (2, 0.5, 1.0)
    assert figures.recall_interval == (0.5, 0.5)  # one machine: every draw is it


def test_an_alarm_at_the_failure_itself_announces_nothing() -> None:
    at = np.arange(48, dtype=np.int64) * HOUR
    figures = event_figures([Machine(at, at == 30 * HOUR, np.array([30 * HOUR]))], 24 * HOUR, seed=1)
    assert figures.recall == 0


def test_bootstrap_is_by_machine_and_repeats() -> None:
    at = np.arange(168, dtype=np.int64) * HOUR
    good = Machine(at, (at >= 90 * HOUR) & (at < 100 * HOUR), np.array([100 * HOUR]))
    bad = Machine(at, np.zeros(168, dtype=bool), np.array([100 * HOUR]))
    first, again = (event_figures([good, bad], 24 * HOUR, seed=3) for _ in range(2))
    assert first == again
    assert first.recall == 0.5
    assert first.recall_interval == (0.0, 1.0)


def test_a_figure_that_can_t_be_known_is_left_out_of_the_note():
    from acme_lib.models.evaluate import noted

    assert noted({"rmse": 2.5, "coverage_phase_from_75": float("nan"), "lift": float("inf")}) == '{"rmse": 2.5}'
