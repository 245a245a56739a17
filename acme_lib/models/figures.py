"""All figures of a model on labelled rows, by name: what gates, cards, reports and comparisons are made from."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import UseCase
from acme_lib.models import metrics as m
from acme_lib.models.bands import Answers
from acme_lib.models.conformal import coverage
from acme_lib.models.dataset import Dataset
from acme_lib.models.events import Machine, event_figures

__all__ = ["figures", "finite"]

HOUR_US = 3_600_000_000
PHASES = ((0.0, 30.0), (30.0, 75.0), (75.0, float("inf")))  # frames of life left
Events = dict[str, npt.NDArray[np.int64]]


def figures(case: UseCase, data: Dataset, answers: Answers, threshold: float, events: Events, seed: int) -> dict[str, float]:  # fmt: skip
    """Rows must be labelled. Regression: rmse, mae, score and coverage are of each equipment's last row; *_rows of all."""
    if case.kind == "classification":
        return _classification(case, data, answers, threshold, events, seed)
    last = data.last
    truth, value = data.label, answers.value
    found = {
        "rmse": m.rmse(truth[last], value[last]),
        "mae": m.mae(truth[last], value[last]),
        "cmapss_score": m.cmapss_score(truth[last], value[last]),
        "rmse_rows": m.rmse(truth, value),
        "mae_rows": m.mae(truth, value),
        "coverage": coverage(truth[last], _of(answers, last)),
        "coverage_rows": coverage(truth, answers),
        "interval_width": float(np.mean(answers.high - answers.low)),
        "equipment": float(last.sum()),
        "rows": float(len(data)),
    }
    for low, high in PHASES:
        inside = (truth >= low) & (truth < high)
        found[f"coverage_phase_from_{low:g}"] = coverage(truth[inside], _of(answers, inside))
    return found


def finite(found: Mapping[str, float]) -> dict[str, float]:
    """Those that are defined: few rows leave some undefined, JSON has no NaN, and a missing figure fails its gate."""
    return {name: value for name, value in found.items() if math.isfinite(value)}


def _classification(case: UseCase, data: Dataset, answers: Answers, threshold: float, events: Events, seed: int) -> dict[str, float]:  # fmt: skip
    truth, value = data.label, answers.value
    precision, recall, f1 = m.precision_recall_f1(truth, value, threshold)
    found = {
        "average_precision": m.average_precision(truth, value),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "brier": m.brier(truth, value),
        "calibration_error": abs(float(value.mean() - truth.mean())),
        "threshold": threshold,
        "positives": float(truth.sum()),
        "rows": float(len(data)),
    }
    horizon = round((case.label.horizon_h or 0) * HOUR_US)
    if case.label.horizon_h and case.label.horizon_h >= 1:
        machines = [_machine(data, value >= threshold, name, events) for name in np.unique(data.equipment)]
        seen = event_figures(machines, horizon, seed)
        found |= {
            "events": float(seen.failures), "event_recall": seen.recall,
            "event_recall_low": seen.recall_interval[0], "event_recall_high": seen.recall_interval[1],
            "false_alarms_per_machine_week": seen.false_alarms_per_week,
            "false_alarms_low": seen.false_alarms_interval[0], "false_alarms_high": seen.false_alarms_interval[1],
        }  # fmt: skip
    return found


def _machine(data: Dataset, alarm: npt.NDArray[np.bool_], name: np.str_, events: Events) -> Machine:
    own = data.equipment == name
    return Machine(data.at[own], alarm[own], events.get(str(name), np.zeros(0, dtype=np.int64)))


def _of(answers: Answers, rows: npt.NDArray[np.bool_]) -> Answers:
    return Answers(answers.value[rows], answers.low[rows], answers.high[rows])
