"""Calibration of probabilities: a monotone curve through held-out answers, so that 0.2 happens one time in five."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acme_lib.models.bands import Bands

__all__ = ["calibrated"]

MOST_KNOTS = 64
TILT = 1e-6  # steps of the curve keep a slope, so that calibration never makes two ranks one


def calibrated(truth: npt.NDArray[np.float64], raw: npt.NDArray[np.float64], level: float) -> Bands:
    """Isotonic through held-out raw probabilities, thinned to knots. Without both outcomes: raw answers as they are."""
    from sklearn.isotonic import IsotonicRegression

    if not 0 < truth.sum() < len(truth):
        return Bands(level=level, least=0.0, most=1.0)
    curve = IsotonicRegression(y_min=0, y_max=1).fit(raw, truth)
    at, value = curve.X_thresholds_, curve.y_thresholds_
    at, first = np.unique(at, return_index=True)
    value = value[first]
    kept = np.unique(np.linspace(0, len(at) - 1, min(MOST_KNOTS, len(at))).round().astype(int))
    knots, levels = at[kept], np.clip(value[kept] * (1 - TILT) + TILT * at[kept], 0, 1)
    if knots[0] > 0:
        knots, levels = np.append(0.0, knots), np.append(0.0, levels)
    if knots[-1] < 1:
        knots, levels = np.append(knots, 1.0), np.append(levels, max(levels[-1], 1.0 - TILT) if levels[-1] >= 1 - TILT else levels[-1] + TILT)  # fmt: skip
    return Bands(level=level, raw=tuple(knots.tolist()), calibrated=tuple(levels.tolist()), least=0.0, most=1.0)
