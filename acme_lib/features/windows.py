"""Statistics over the last frames: one pass over the lags serves every window, so that history and edge add alike."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["rolling"]

Matrix = npt.NDArray[np.float64]
ROUNDING = 1e-12  # a variance below it, in standardised units, is what adding up leaves of none


def rolling(z: Matrix, rows: int, windows: Sequence[int], stats: Sequence[str]) -> list[Matrix]:
    """[rows, signals] for each window, ascending, and each of `stats`, over the last `rows` rows of `z`.

    `z` [at least rows + longest window - 1, signals]: standardised, NaN where missing or before the first frame. A missing
    value takes no part; std (n-1) and slope (a frame) need two values. Sums run from the newest frame to the oldest.
    """
    there = ~np.isnan(z)
    if there.all(axis=1).any() and (there.all(axis=1) | ~there.any(axis=1)).all():
        there = there[:, :1]  # whole rows only: one count serves all signals
    weight = there.astype(np.float64)
    zero = np.where(there, z, 0.0)
    square = zero * zero
    extremes = [stat for stat in ("min", "max") if stat in stats]
    low = np.where(there, z, np.inf) if "min" in extremes else None
    high = np.where(there, z, -np.inf) if "max" in extremes else None
    sums = _Sums(z.shape[1], weight.shape[1], rows, "slope" in stats)
    found: list[Matrix] = []
    wanted = sorted(set(windows))
    for lag in range(wanted[-1] if wanted else 0):
        here = slice(len(z) - rows - lag, len(z) - lag)
        sums.add(lag, weight[here], zero[here], square[here])
        if low is not None:
            sums.low = np.minimum(sums.low, low[here])
        if high is not None:
            sums.high = np.maximum(sums.high, high[here])
        if lag + 1 in wanted:
            found += [sums.stat(name) for name in stats]
    return found


class _Sums:
    """Running sums over the lags, [rows, signals]; position in the window is minus the lag."""

    def __init__(self, signals: int, counted: int, rows: int, sloped: bool) -> None:
        self.n, self.x, self.xx = (np.zeros((rows, counted)) for _ in range(3))
        self.s, self.ss, self.xs = (np.zeros((rows, signals)) for _ in range(3))
        self.low, self.high = np.full((rows, signals), np.inf), np.full((rows, signals), -np.inf)
        self.sloped = sloped

    def add(self, lag: int, weight: Matrix, zero: Matrix, square: Matrix) -> None:
        self.n += weight
        self.s += zero
        self.ss += square
        if self.sloped:
            self.x -= lag * weight
            self.xx += lag * lag * weight
            self.xs -= lag * zero

    def stat(self, name: str) -> Matrix:
        empty = self.n == 0
        few = self.n < 2
        if name == "mean":
            return np.where(empty, np.nan, self.s / np.where(empty, 1, self.n))
        if name == "std":
            n = np.where(few, 2, self.n)
            variance = (self.ss - self.s * self.s / n) / (n - 1)
            variance[variance < ROUNDING] = 0.0
            return np.where(few, np.nan, np.sqrt(variance))
        if name == "slope":
            spread = np.where(few, 1, self.n * self.xx - self.x * self.x)
            return np.where(few, np.nan, (self.n * self.xs - self.x * self.s) / spread)
        return np.where(empty, np.nan, self.low if name == "min" else self.high)
