"""Principal components of the standardised signals: what all sensors say together, learned without a label."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from acme_lib.features.windows import rolling

__all__ = ["learned", "named", "scores"]

Matrix = npt.NDArray[np.float64]
DIGITS = 12  # kept of a loading: the rest is how a machine adds


def learned(histories: Iterable[Matrix], count: int, over: int) -> Matrix:
    """Loadings [at most count, signals], each of length 1, its largest entry positive.

    `histories`: standardised signals [frames, signals] of one equipment each. Taken of the means over `over` frames: there
    the noise of single readings no longer counts. A component without variance is left out.
    """
    means = np.concatenate([_means(z, over) for z in histories])
    if not means.shape[1]:
        return np.zeros((0, 0))
    filled = np.where(np.isnan(means), 0.0, means)
    variance, directions = np.linalg.eigh(np.atleast_2d(np.cov(filled, rowvar=False, bias=True)))
    kept = [n for n in np.argsort(variance)[::-1][:count] if variance[n] > 1e-9 * variance.sum()]
    found = directions[:, kept].T.round(DIGITS)
    signs = np.sign(np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1))
    return np.asarray(found * signs, dtype=np.float64).reshape(len(kept), means.shape[1])


def scores(z: Matrix, loadings: Matrix) -> Matrix:
    """Components [n, count] of standardised signals [n, signals]; where some are missing, what the others say of it."""
    there = ~np.isnan(z)
    said = _added(np.where(there, z, 0.0)[:, :, None] * loadings.T)
    weight = _added(there[:, :, None] * loadings.T**2)
    weight[there.all(axis=1)] = 1.0  # exactly, whatever rounding left of a loading's length
    return np.divide(said, weight, out=np.full_like(said, np.nan), where=weight > 0)


def named(count: int) -> list[str]:
    return [f"component_{n}" for n in range(1, count + 1)]


def _means(z: Matrix, over: int) -> Matrix:
    before = np.full((over - 1, z.shape[1]), np.nan)
    found = rolling(np.concatenate([before, z]), len(z), [over], ["mean"])
    return found[over, "mean"]


def _added(parts: Matrix) -> Matrix:
    """[n, signals, components] added up signal by signal, so that one row and a whole history add alike (`sum` does not)."""
    return np.asarray(np.cumsum(parts, axis=1)[:, -1], dtype=np.float64)
