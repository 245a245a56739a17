"""Prediction intervals out of held-out residuals: split conformal by asset, one band a level of the prediction."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acme_lib.models.bands import Answers, Bands

__all__ = ["asset_weights", "bands_of", "coverage", "weighted_quantile"]

Column = npt.NDArray[np.float64]


def asset_weights(equipment: npt.NDArray[np.str_]) -> Column:
    """Weights that give every asset the same say, however long its history; they sum to the number of assets."""
    _, own, count = np.unique(equipment, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / count[own], dtype=np.float64)


def weighted_quantile(values: Column, weight: Column, share: float) -> float:
    """The smallest value at which the weight reaches `share` of all."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, share * reached[-1] * (1 - 1e-12)))
    return float(values[order][min(place, len(values) - 1)])


def bands_of(
    truth: Column, value: Column, weight: Column, level: float, count: int, least: float | None, most: float | None
) -> Bands:
    """Bands of equal weight by predicted value. `value` must come from models that did not see the row's asset."""
    clipped = np.clip(value, least, most) if least is not None or most is not None else value
    cuts = [weighted_quantile(clipped, weight, n / count) for n in range(1, count)]
    edges = tuple(sorted(set(cuts)))
    own = np.searchsorted(edges, clipped, side="right")
    tail = (1 - level) / 2
    below, above = [], []
    for band in range(len(edges) + 1):
        rows = own == band
        if not rows.any():
            rows = np.ones(len(own), dtype=bool)
        error = truth[rows] - clipped[rows]
        below.append(max(0.0, -weighted_quantile(error, weight[rows], tail)))
        above.append(max(0.0, weighted_quantile(error, weight[rows], 1 - tail)))
    return Bands(level=level, edges=edges, below=tuple(below), above=tuple(above), least=least, most=most)


def coverage(truth: Column, found: Answers) -> float:
    """Share of truths inside their interval; NaN without rows."""
    if not len(truth):
        return float("nan")
    return float(np.mean((truth >= found.low) & (truth <= found.high)))
