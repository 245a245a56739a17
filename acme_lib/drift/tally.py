"""Tally: what drift metrics need of rows, additive, so that any window is a sum of its blocks. Blocks keep serial correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acme_lib.drift.metrics import mean_shift, missing_delta, psi, variance_shift

__all__ = ["BINS", "Scale", "Tally", "distances", "scale_of", "tally"]

Array = npt.NDArray[np.float64]
Index = npt.NDArray[np.intp]
BINS = 10


@dataclass(frozen=True, slots=True)
class Scale:
    """How values [n, features] are binned and centred: edges of the reference's deciles, its mean and spread."""

    edges: list[Array]
    mean: Array
    spread: Array


@dataclass(frozen=True, slots=True)
class Tally:
    """Sums over rows: `counts` [..., features, bins]; `rows`, `total`, `square` (of centred values) [..., features]."""

    counts: Array
    rows: Array
    total: Array
    square: Array

    @property
    def parts(self) -> tuple[Array, Array, Array, Array]:
        return self.counts, self.rows, self.total, self.square

    def __sub__(self, other: Tally) -> Tally:
        return Tally(*(a - b for a, b in zip(self.parts, other.parts, strict=True)))

    def combined(self, weights: Array) -> Tally:
        """Sums of blocks: `weights` [..., blocks] times this tally [blocks, ...]."""
        return Tally(*(np.tensordot(weights, part, axes=1) for part in self.parts))

    @property
    def whole(self) -> Tally:
        """All blocks together."""
        return Tally(*(part.sum(axis=0) for part in self.parts))

    @property
    def known(self) -> Array:
        """Rows with a value."""
        found: Array = self.counts.sum(axis=-1)
        return found

    @property
    def mean(self) -> Array:
        found: Array = self.total / np.maximum(self.known, 1)
        return found

    @property
    def std(self) -> Array:
        found: Array = np.sqrt(np.maximum(self.square / np.maximum(self.known, 1) - self.mean**2, 0))
        return found


def scale_of(values: Array) -> Scale:
    """Bin edges, mean and spread of the reference's columns; NaN is missing."""
    known = [column[np.isfinite(column)] for column in np.asarray(values, dtype=np.float64).T]
    mean = np.array([column.mean() if column.size else 0 for column in known])
    spread = np.array([column.std() if column.size else 0 for column in known])
    spread[spread <= 1e-9 * np.abs(mean)] = 0
    return Scale([_edges(column) for column in known], mean, spread)


def tally(values: Array, scale: Scale, block: Index | None = None) -> Tally:
    """Tallies [blocks, features, ...] of rows; `block` numbers each row's block from 0, without it all are one block."""
    block = np.zeros(len(values), dtype=np.intp) if block is None else block
    count, features = int(block.max(initial=0)) + 1, len(scale.mean)
    shape = (count, features)
    found = Tally(np.zeros((*shape, BINS)), np.zeros(shape), np.zeros(shape), np.zeros(shape))
    found.rows[:] = np.bincount(block, minlength=count)[:, None]
    centred = (values - scale.mean) / np.where(scale.spread > 0, scale.spread, 1)
    for f in range(features):
        known = np.isfinite(values[:, f])
        own, z = block[known], centred[known, f]
        code = own * BINS + np.searchsorted(scale.edges[f], values[known, f], side="left")
        found.counts[:, f] = np.bincount(code, minlength=count * BINS).reshape(count, BINS)
        found.total[:, f] = np.bincount(own, weights=z, minlength=count)
        found.square[:, f] = np.bincount(own, weights=z * z, minlength=count)
    return found


def distances(reference: Tally, current: Tally) -> Array:
    """All metrics [..., features, 4], in the order of METRICS."""
    return np.stack(
        [
            psi(reference.counts, current.counts),
            mean_shift(reference.mean, reference.std, current.mean),
            variance_shift(reference.std, current.std),
            missing_delta(reference.rows - reference.known, reference.rows, current.rows - current.known, current.rows),
        ],
        axis=-1,
    )


def _edges(known: Array) -> Array:
    """Inner deciles, each once. A value that fills all of them gets a bin of its own, so that a fall is seen like a rise."""
    if not known.size:
        return np.zeros(0)
    found: Array = np.unique(np.quantile(known, np.arange(1, BINS) / BINS, method="lower"))
    return np.array([np.nextafter(found[0], -np.inf), found[0]]) if len(found) == 1 else found
