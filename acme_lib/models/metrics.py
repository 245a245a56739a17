"""Figures of a model: errors of a regression, and what a classifier's probabilities are worth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import Costs

__all__ = [
    "average_precision", "best_threshold", "brier", "cmapss_score", "confusion", "mae", "precision_recall_f1", "rmse",
    "unexplained", "weighted_rmse",
]  # fmt: skip

Column = npt.NDArray[np.float64]


def rmse(truth: Column, value: Column) -> float:
    return float(np.sqrt(np.mean((value - truth) ** 2)))


def weighted_rmse(truth: Column, value: Column, weight: Column) -> float:
    return float(np.sqrt(np.average((value - truth) ** 2, weights=weight)))


def mae(truth: Column, value: Column) -> float:
    return float(np.mean(np.abs(value - truth)))


def cmapss_score(truth: Column, value: Column) -> float:
    """The data set's own asymmetric sum (Saxena 2008): exp(-d/13)-1 for d < 0, else exp(d/10)-1; late costs more."""
    d = value - truth
    return float(np.sum(np.where(d < 0, np.expm1(-d / 13), np.expm1(d / 10))))


def average_precision(truth: Column, probability: Column) -> float:
    """Area under the precision-recall steps; NaN without a positive. Equal probabilities enter together."""
    positives = truth.sum()
    if not positives:
        return float("nan")
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], np.cumsum(truth[order])
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    recall = hits[ends] / positives
    return float(np.sum(np.diff(recall, prepend=0) * hits[ends] / (ends + 1)))


def brier(truth: Column, probability: Column) -> float:
    return float(np.mean((probability - truth) ** 2))


def unexplained(truth: Column, probability: Column) -> float:
    """Brier score over that of always saying the base rate: 0 knows all, 1 knows nothing. NaN without both outcomes."""
    rate = float(np.mean(truth))
    return brier(truth, probability) / (rate * (1 - rate)) if 0 < rate < 1 else float("nan")


def confusion(truth: Column, probability: Column, threshold: float) -> tuple[int, int, int, int]:
    """(true positives, false positives, false negatives, true negatives) of alarms at probability >= threshold."""
    alarm, failed = probability >= threshold, truth == 1
    return (
        int((alarm & failed).sum()), int((alarm & ~failed).sum()), int((~alarm & failed).sum()), int((~alarm & ~failed).sum()),
    )  # fmt: skip


def precision_recall_f1(truth: Column, probability: Column, threshold: float) -> tuple[float, float, float]:
    """NaN where there is no alarm, or nothing to recall."""
    tp, fp, fn, _ = confusion(truth, probability, threshold)
    precision = tp / (tp + fp) if tp + fp else float("nan")
    recall = tp / (tp + fn) if tp + fn else float("nan")
    return precision, recall, 2 * tp / (2 * tp + fp + fn) if tp else 0.0


def best_threshold(truth: Column, probability: Column, costs: Costs) -> float:
    """The threshold that costs least: half way between the neighbours it parts, so that equal data give an equal one."""
    order = np.argsort(-probability, kind="stable")
    ranked, failed = probability[order], truth[order] == 1
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    caught, false = np.cumsum(failed)[ends], np.cumsum(~failed)[ends]
    cost = np.append(costs.false_negative * failed.sum(), costs.false_negative * (failed.sum() - caught) + costs.false_positive * false)  # fmt: skip
    place = int(np.argmin(cost))
    levels = np.concatenate([[1.0 + 1e-9], ranked[ends], [0.0]])
    return float((levels[place] + levels[place + 1]) / 2)


REGRESSION: dict[str, Callable[[Column, Column], float]] = {"rmse": rmse, "mae": mae, "cmapss_score": cmapss_score}
RANKING: dict[str, Callable[[Column, Column], float]] = {"average_precision": average_precision, "brier": brier}
