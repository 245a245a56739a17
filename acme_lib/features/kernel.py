"""The kernel: from frames and what is remembered to feature rows. A whole history or one frame at a time, the same sums."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from acme_lib.features.fitted import Fitted
from acme_lib.features.happenings import Happenings
from acme_lib.features.signals import standardised
from acme_lib.features.windows import rolling

__all__ = ["Memory", "advance", "remembered"]

Matrix = npt.NDArray[np.float64]


@dataclass
class Memory:
    """What one equipment's past leaves behind, bounded: the last signals [longest window or lag, signals], running sums."""

    recent: Matrix
    smooth: Matrix  # ewm [spans, signals]
    total: Matrix  # cumulative deviation [signals]
    first: Matrix  # baseline's sum and count [2, signals]
    age: int = 0
    happenings: Happenings = field(default_factory=Happenings)


def remembered(fitted: Fitted) -> Memory:
    """The memory of an equipment never seen before."""
    spec, signals = fitted.spec, len(fitted.series)
    depth = max([w - 1 for w in spec.windows] + list(spec.lags) + [0])
    return Memory(
        np.full((depth, signals), np.nan),
        np.full((len(spec.ewm), signals), np.nan),
        np.zeros(signals),
        np.zeros((2, signals)),
    )


def advance(fitted: Fitted, memory: Memory, times: npt.NDArray[np.int64], values: Matrix) -> npt.NDArray[np.float32]:
    """Feature rows [n, names] of the next frames (`times` int64[n] microseconds, `values` [n, tags]); `memory` moves on.

    Row i sees frames up to i, events and attributes up to its start, nothing later.
    """
    spec, rows = fitted.spec, len(times)
    z = standardised(fitted, values)
    padded = np.concatenate([memory.recent, z])
    level, unit = _units(fitted)
    blocks = [z * unit + level]
    windowed = rolling(padded, rows, spec.windows, spec.stats)
    blocks += [part * unit if stat in ("std", "slope") else part * unit + level for (_, stat), part in windowed.items()]
    blocks += [padded[len(padded) - rows - lag : len(padded) - lag] * unit + level for lag in spec.lags]
    if spec.ewm:
        blocks += [smooth * unit + level for smooth in _smoothed(memory, spec.ewm, z)]
    if spec.cumulative:
        blocks.append(_summed(memory, z))
    if spec.baseline:
        blocks.append((windowed[max(spec.windows), "mean"] - _baseline(memory, spec.baseline, z)) * unit)
    if spec.age:
        blocks.append(memory.age + np.arange(1.0, rows + 1)[:, None])
    memory.age += rows
    memory.recent = padded[len(padded) - len(memory.recent) :]
    return np.concatenate([*blocks, *memory.happenings.columns(fitted, times)], axis=1).astype(np.float32)


def _units(fitted: Fitted) -> tuple[Matrix | float, Matrix | float]:
    """(level, unit) that turn standardised values back into the tags' own where the spec does not normalise."""
    if fitted.spec.normalise:
        return 0.0, 1.0
    mean, inverse = fitted.scaling
    unit = np.divide(1.0, inverse[0], out=np.zeros_like(inverse[0]), where=inverse[0] > 0)
    more = len(fitted.series) - len(unit)  # components stay as they are
    return np.append(mean[0], np.zeros(more)), np.append(unit, np.ones(more))


def _smoothed(memory: Memory, spans: tuple[int, ...], z: Matrix) -> list[Matrix]:
    """Exponentially weighted means, alpha = 2 / (span + 1), begun at the first value; a missing value changes nothing."""
    alpha = np.array([2.0 / (span + 1) for span in spans])[:, None]
    smooth = memory.smooth
    found = np.empty((len(spans), *z.shape))
    for n, row in enumerate(z):
        begun = np.where(np.isnan(smooth), row, smooth)
        step = begun + alpha * (row - begun)
        smooth = np.where(np.isnan(row), begun, step)
        found[:, n] = smooth
    memory.smooth = smooth
    return list(found)


def _summed(memory: Memory, z: Matrix) -> Matrix:
    """Deviation added up since the first frame; a missing value adds nothing."""
    found: Matrix = np.cumsum(np.concatenate([memory.total[None], np.where(np.isnan(z), 0.0, z)]), axis=0)[1:]
    if len(found):
        memory.total = found[-1].copy()
    return found


def _baseline(memory: Memory, frames: int, z: Matrix) -> Matrix:
    """Mean of the equipment's first `frames` frames, of those there are so far."""
    young = (memory.age + np.arange(len(z)) < frames)[:, None] & ~np.isnan(z)
    parts = np.stack([np.where(young, z, 0.0), young], axis=1)
    sums = np.cumsum(np.concatenate([memory.first[None], parts]), axis=0)[1:]
    if len(z):
        memory.first = sums[-1].copy()
    found: Matrix = sums[:, 0] / np.where(sums[:, 1] > 0, sums[:, 1], np.nan)
    return found
