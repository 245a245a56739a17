"""Windows of the reference as a current window would be: whole equipment, or contiguous in time. Never single rows."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = ["Scheme", "blocks_of", "draw"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
Scheme = Literal["equipment", "time"]
SLICES = 8  # blocks a window in time: windows overlap by eighths
MOST = 400


def blocks_of(scheme: Scheme, equipment: npt.NDArray[np.str_], at: npt.NDArray[np.int64], rows: int) -> Index:
    """The block of each row, from 0. equipment: its own. time: slices of `rows` / 8 rows in order of time, none left over short."""
    if scheme == "equipment":
        found: Index = np.unique(equipment, return_inverse=True)[1].astype(np.intp)
        return found
    size = max(1, -(-rows // SLICES))
    order = np.lexsort((equipment, at))
    count = max(1, len(at) // size)
    block = np.empty(len(at), dtype=np.intp)
    block[order] = np.minimum(np.arange(len(at)) // size, count - 1)
    return block


def draw(scheme: Scheme, sizes: npt.NDArray[np.int64], rows: int, seed: int) -> Array:
    """Windows [windows, blocks] of 0 and 1 with about `rows` rows, at most half of all; none where that is too few.

    equipment: blocks in random order until there are enough. time: successive blocks, every start, evenly thinned.
    """
    total = int(sizes.sum())
    if total < 2 * rows:
        return np.zeros((0, len(sizes)))
    if scheme == "time":
        return _successive(len(sizes))
    rng = np.random.default_rng(seed)
    found = np.zeros((MOST, len(sizes)))
    for window in found:
        order = rng.permutation(len(sizes))
        window[order[: int(np.searchsorted(np.cumsum(sizes[order]), rows)) + 1]] = 1
    return found[found @ sizes <= 0.75 * total]


def _successive(blocks: int) -> Array:
    starts = np.arange(blocks - SLICES + 1)
    starts = starts[:: max(1, -(-len(starts) // MOST))]
    place = np.arange(blocks)[None, :] - starts[:, None]
    found: Array = ((place >= 0) & (place < SLICES)).astype(np.float64)
    return found
