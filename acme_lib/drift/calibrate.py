"""Thresholds from the reference's own windows: the largest of all scaled distances of a run decides, so the rate is a run's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acme_lib.drift.reference import LEAST_ROWS, Reference
from acme_lib.drift.tally import Tally, distances, tally
from acme_lib.drift.windows import SLICES, blocks_of, draw

__all__ = ["Calibration", "calibrate"]

Array = npt.NDArray[np.float64]
LEAST = np.array(
    [0.02, 0.05, 0.1, 0.01]
)  # psi, mean (sd), ln variance, share: less never alarms, however quiet the reference
FEWEST = 19  # below 19 windows no order statistic is the 95th percentile of a new one


@dataclass(frozen=True)
class Calibration:
    """`thresholds` [features, 4]; NaN where not calibrated. `rate`: share of reference windows that alarm under thresholds
    made without them (NaN where too few); `bound`: the least rate that `independent` windows can promise."""

    stratum: str
    rows: int
    alpha: float
    thresholds: Array
    rate: float
    windows: int
    independent: int

    @property
    def bound(self) -> float:
        return max(self.alpha, 1 / (self.independent + 1))

    @property
    def calibrated(self) -> bool:
        return self.windows >= FEWEST


def calibrate(reference: Reference, stratum: str, rows: int, alpha: float = 0.05, seed: int = 1) -> Calibration:
    """Thresholds for a current window of `rows` rows of a stratum. `alpha`: false alarms a run, over all features."""
    own, scale, _ = reference.stratum(stratum)
    blocks = tally(own.values, scale, blocks_of(reference.scheme, own.equipment, own.at, rows))
    sizes = blocks.rows[:, 0].astype(np.int64)
    chosen = draw(reference.scheme, sizes, rows, seed)
    found = window_distances(blocks, chosen)
    independent = len(sizes) // SLICES if reference.scheme == "time" else int(sizes.sum()) // max(rows, 1)
    thresholds, rate = np.full((len(reference.names), len(LEAST)), np.nan), float("nan")
    if rows >= LEAST_ROWS and len(chosen) >= FEWEST:
        apart = (chosen @ chosen.T == 0).astype(np.float64)
        largest = _largest(found, apart)
        thresholds = np.maximum(_limit(largest, alpha, independent) * _scales(found, np.ones(len(found))), LEAST)
        rate = _rate(largest, apart, alpha, independent)
    return Calibration(stratum, rows, alpha, thresholds, rate, len(chosen), independent)


def window_distances(blocks: Tally, chosen: Array) -> Array:
    """Each window against all other blocks: absolute distances [windows, features, 4]; NaN where one side has too few rows."""
    whole, parts = blocks.whole, []
    for start in range(0, len(chosen), 50):  # by fifties: bounded memory
        window = blocks.combined(chosen[start : start + 50])
        rest = Tally(*(a[None] for a in whole.parts)) - window
        parts.append(judged(rest, window))
    return np.concatenate(parts) if parts else np.zeros((0, blocks.total.shape[1], len(LEAST)))


def judged(reference: Tally, current: Tally) -> Array:
    """Absolute distances; NaN where fewer than 500 rows stand on a side (for the missing rate, rows with or without value)."""
    found = np.abs(distances(reference, current))
    enough = np.minimum(reference.known, current.known) >= LEAST_ROWS * 0.9  # windows of whole blocks end near n
    counted = np.minimum(reference.rows, current.rows) >= LEAST_ROWS * 0.9
    found[~enough, :3] = np.nan
    found[~counted, 3] = np.nan
    return found


def _scales(found: Array, weights: Array) -> Array:
    """Root mean square of each series over the windows that `weights` [..., windows] chooses; NaN where too few count."""
    flat, known = np.nan_to_num(found).reshape(len(found), -1), np.isfinite(found).reshape(len(found), -1)
    count = weights @ known
    scales = np.sqrt(weights @ flat**2 / np.maximum(count, 1)).reshape(*weights.shape[:-1], *found.shape[1:])
    scales = np.fmax(scales, LEAST / 10)
    scales[count.reshape(scales.shape) < FEWEST] = np.nan
    return scales


def _largest(found: Array, apart: Array) -> Array:
    """Each window's largest distance, scaled by windows that share no row with it (by all others where these are few): as a new
    window would stand."""
    others = np.where(apart.sum(axis=1, keepdims=True) >= FEWEST, apart, 1 - np.eye(len(found)))
    scaled = np.where(found > LEAST, found, 0) / _scales(found, others)
    largest: Array = np.where(np.isfinite(scaled), scaled, 0).max(axis=(-2, -1))
    return largest


def _limit(largest: Array, alpha: float, independent: int) -> float:
    """What a new window exceeds at `alpha`: the order statistic for as many windows as are independent, the most where
    these are fewer than 1 / alpha."""
    level = min(1.0, (1 - alpha) * (independent + 1) / max(independent, 1))
    return float(np.quantile(largest, level, method="higher"))


def _rate(largest: Array, apart: Array, alpha: float, independent: int) -> float:
    """Share of windows beyond the limit made of those that share no row with them; NaN where they are too few."""
    tested = [k for k in range(len(largest)) if apart[k].sum() >= FEWEST]
    alarms = [largest[k] > _limit(largest[apart[k] > 0], alpha, independent - 1) for k in tested]
    return float(np.mean(alarms)) if alarms else float("nan")
