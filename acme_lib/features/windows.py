"""Statistics over the last frames: one pass over the lags serves every window, so that history and edge add alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

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
    cut = _Cut(there.shape[1], there.shape[1] + z.shape[1], "slope" in stats)
    gather = _last if rows == 1 else _history
    with np.errstate(all="ignore"):  # 0/0 is how too few values become NaN
        moments = gather(parts, low, high, rows, sorted(set(windows)), cut)
        return {(window, stat): STATS[stat](of) for window, of in moments for stat in stats}


class _Cut(NamedTuple):
    """Where counts and values end among the parts, and whether positions are wanted."""

    counted: int
    known: int
    sloped: bool


def _history(
    parts: Matrix, low: Matrix | None, high: Matrix | None, rows: int, windows: list[int], cut: _Cut
) -> Iterator[tuple[int, _Moments]]:
    """Every row at once, lag by lag. What is yielded holds until the next is asked for."""
    wide = parts.shape[1] - cut.known
    sums, lagged, squared = (np.zeros((rows, n)) for n in (parts.shape[1], cut.known, cut.counted))
    least, most = np.full((rows, wide), np.inf), np.full((rows, wide), -np.inf)
    for lag in range(max(windows, default=0)):
        here = slice(len(parts) - rows - lag, len(parts) - lag)
        part = parts[here]
        sums += part
        if cut.sloped:
            step = lag * part[:, : cut.known]
            lagged -= step
            squared += lag * step[:, : cut.counted]
        if low is not None:
            np.minimum(least, low[here], out=least)
        if high is not None:
            np.maximum(most, high[here], out=most)
        if lag + 1 in windows:
            yield lag + 1, _Moments(cut, sums, lagged, squared, least, most)


def _last(
    parts: Matrix, low: Matrix | None, high: Matrix | None, rows: int, windows: list[int], cut: _Cut
) -> Iterator[tuple[int, _Moments]]:
    """The last row alone: the lags in one sweep, added in the same order as `_history` does."""
    lags = np.arange(max(windows, default=0), dtype=np.float64)[:, None]
    back = parts[::-1][: len(lags)]
    step = lags * back[:, : cut.known]
    sums, lagged = np.cumsum(back, axis=0), -np.cumsum(step, axis=0)
    squared = np.cumsum(lags * step[:, : cut.counted], axis=0)
    least = back if low is None else np.minimum.accumulate(low[::-1][: len(lags)], axis=0)
    most = back if high is None else np.maximum.accumulate(high[::-1][: len(lags)], axis=0)
    for window in windows:
        at = slice(window - 1, window)
        yield window, _Moments(cut, sums[at], lagged[at], squared[at], least[at], most[at])


class _Moments:
    """Sums over one window: n, values, squares; positions x (minus the lag), x times value, x squared; extremes."""

    __slots__ = ("high", "low", "n", "s", "ss", "x", "xs", "xx")

    def __init__(self, cut: _Cut, sums: Matrix, lagged: Matrix, squared: Matrix, low: Matrix, high: Matrix) -> None:
        self.n, self.s, self.ss = sums[:, : cut.counted], sums[:, cut.counted : cut.known], sums[:, cut.known :]
        self.x, self.xs, self.xx = lagged[:, : cut.counted], lagged[:, cut.counted :], squared
        self.low, self.high = low, high


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
