"""Statistics over the last frames: one pass over the lags serves every window, so that history and edge add alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["rolling"]

Matrix = npt.NDArray[np.float64]
ROUNDING = 1e-12  # a variance below it, in standardised units, is what adding up leaves of none


def rolling(z: Matrix, rows: int, windows: Sequence[int], stats: Sequence[str]) -> dict[tuple[int, str], Matrix]:
    """{(window, stat): [rows, signals]} over the last `rows` rows of `z`, windows ascending.

    `z` [at least rows + longest window - 1, signals]: standardised, NaN where missing or before the first frame. A missing
    value takes no part; std (n-1) and slope (a frame) need two values. Sums run from the newest frame to the oldest.
    """
    there = ~np.isnan(z)
    if (there == there[:, :1]).all():
        there = there[:, :1]  # whole rows only: one count serves all signals
    filled = np.where(there, z, 0.0)
    parts = np.concatenate([there, filled, filled * filled], axis=1)  # counts, values, squares
    low = np.where(there, z, np.inf) if "min" in stats else None
    high = np.where(there, z, -np.inf) if "max" in stats else None
    counted, known = there.shape[1], there.shape[1] + z.shape[1]
    sums, lagged = np.zeros((rows, parts.shape[1])), np.zeros((rows, known))
    squared = np.zeros((rows, counted))  # of the lags
    least, most = np.full((rows, z.shape[1]), np.inf), np.full((rows, z.shape[1]), -np.inf)
    found: dict[tuple[int, str], Matrix] = {}
    with np.errstate(all="ignore"):  # 0/0 is how too few values become NaN
        for lag in range(max(windows, default=0)):
            here = slice(len(z) - rows - lag, len(z) - lag)
            part = parts[here]
            sums += part
            if "slope" in stats:
                step = lag * part[:, :known]
                lagged -= step
                squared += lag * step[:, :counted]
            if low is not None:
                np.minimum(least, low[here], out=least)
            if high is not None:
                np.maximum(most, high[here], out=most)
            if lag + 1 in windows:
                n, s, ss = sums[:, :counted], sums[:, counted:known], sums[:, known:]
                moments = _Moments(n, s, ss, lagged[:, :counted], lagged[:, counted:], squared, least, most)
                found |= {(lag + 1, stat): STATS[stat](moments) for stat in stats}
    return found


class _Moments:
    """Sums over one window: n, values, squares; positions x (minus the lag), x times value, x squared; extremes."""

    __slots__ = ("high", "low", "n", "s", "ss", "x", "xs", "xx")

    def __init__(self, *sums: Matrix) -> None:
        self.n, self.s, self.ss, self.x, self.xs, self.xx, self.low, self.high = sums


def _mean(of: _Moments) -> Matrix:
    return of.s / of.n


def _std(of: _Moments) -> Matrix:
    variance = (of.ss - of.s * of.s / of.n) / (of.n - 1)
    variance[variance < ROUNDING] = 0.0
    root: Matrix = np.sqrt(variance)
    return root


def _slope(of: _Moments) -> Matrix:
    return (of.n * of.xs - of.x * of.s) / (of.n * of.xx - of.x * of.x)


def _low(of: _Moments) -> Matrix:
    return np.where(of.low == np.inf, np.nan, of.low)


def _high(of: _Moments) -> Matrix:
    return np.where(of.high == -np.inf, np.nan, of.high)


STATS: dict[str, Callable[[_Moments], Matrix]] = {
    "mean": _mean,
    "std": _std,
    "slope": _slope,
    "min": _low,
    "max": _high,
}
