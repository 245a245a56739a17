"""Drift metrics on counts and moments: PSI, mean shift, variance shift, missing-rate delta. Pure; every argument broadcasts."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["METRICS", "mean_shift", "missing_delta", "psi", "variance_shift"]

Array = npt.NDArray[np.float64]
METRICS = ("psi", "mean_shift", "variance_shift", "missing_delta")
SMOOTHING = 0.5


def psi(reference: npt.ArrayLike, current: npt.ArrayLike) -> Array:
    """Population stability index of counts [..., bins]: sum of (q - p) ln(q / p), each count raised by 0.5 so that an empty
    bin stays finite. 0 where both shares are equal, symmetric, never negative."""
    p, q = _shares(reference), _shares(current)
    found: Array = ((q - p) * np.log(q / p)).sum(axis=-1)
    return found


def mean_shift(reference_mean: npt.ArrayLike, reference_std: npt.ArrayLike, current_mean: npt.ArrayLike) -> Array:
    """Difference of the means in reference standard deviations; where the reference never varied, in the feature's unit."""
    spread = np.asarray(reference_std, dtype=np.float64)
    found: Array = (np.asarray(current_mean) - np.asarray(reference_mean)) / np.where(spread > 0, spread, 1.0)
    return found


def variance_shift(reference_std: npt.ArrayLike, current_std: npt.ArrayLike, least: float = 1e-6) -> Array:
    """Natural logarithm of the ratio of the variances: 0 for equal ones, +0.69 for twice the variance."""
    floor = np.maximum(np.asarray(reference_std, dtype=np.float64), least)
    found: Array = 2 * np.log(np.maximum(np.asarray(current_std, dtype=np.float64), least) / floor)
    return found


def missing_delta(
    reference_missing: npt.ArrayLike, reference_rows: npt.ArrayLike, missing: npt.ArrayLike, rows: npt.ArrayLike
) -> Array:
    """Share of missing values now less that of the reference; -1 to 1."""
    return _rate(missing, rows) - _rate(reference_missing, reference_rows)


def _shares(counts: npt.ArrayLike) -> Array:
    raised = np.asarray(counts, dtype=np.float64) + SMOOTHING
    found: Array = raised / raised.sum(axis=-1, keepdims=True)
    return found


def _rate(part: npt.ArrayLike, whole: npt.ArrayLike) -> Array:
    found: Array = np.asarray(part, dtype=np.float64) / np.maximum(np.asarray(whole, dtype=np.float64), 1)
    return found
