"""Operating regimes: clusters of the settings, their number chosen from the data. Deterministic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["centroids", "discrete", "nearest"]

Matrix = npt.NDArray[np.float64]
MOST_ROWS, ROUNDS = 5_000, 50
FEWEST_ROWS = 20  # a cluster; fewer would make a regime of every odd value
ODD = 0.02  # the most rows that may be set aside as odd; more are no accident
APART = 0.2  # spreads between centres that tell a row's regime: what 99.9 % explained leaves as noise stays below 0.06


def discrete(points: Matrix, most: int, explained: float) -> list[int]:
    """The columns of `points` [n, settings] that by themselves fall into two to `most` levels: they make regimes.

    A constant does not, nor does noise about one: it would have to be cut into many pieces.
    """
    return [n for n in range(points.shape[1]) if len(centroids(points[:, [n]], most, explained)) > 1]


def centroids(points: Matrix, most: int, explained: float) -> Matrix:
    """Centres of the fewest clusters that explain the share `explained` of the variance of `points` [n, settings]; one
    centre, the mean, where `most` clusters do not. Points with a missing setting teach nothing, nor do a few odd ones:
    clusters below FEWEST_ROWS."""
    points = points[np.isfinite(points).all(axis=1)]
    if not points.size:
        return np.zeros((1, points.shape[1]))
    points = points[:: -(-len(points) // MOST_ROWS)]
    one: Matrix = points.mean(axis=0, keepdims=True)
    total = float(((points - one) ** 2).sum())
    if total <= 1e-9 * len(points):
        return one
    spare = round(ODD * len(points))
    for count in range(2, min(most, len(points) // FEWEST_ROWS) + 1):
        centres = _clustered(points, count)
        while (odd := _odd(points, centres)).any() and odd.sum() <= spare:
            points, spare = points[~odd], spare - int(odd.sum())
            total = float(((points - points.mean(axis=0)) ** 2).sum())
            if total <= 1e-9 * len(points):
                return one
            centres = _clustered(points, count)
        within = float(_distances(points, centres).min(axis=1).sum())
        if within <= (1 - explained) * total:
            ordered: Matrix = centres[np.lexsort(centres.T[::-1])]
            return ordered
    return one


def nearest(points: Matrix, centres: Matrix) -> npt.NDArray[np.intp]:
    """The regime of each point [n, settings], judged by the settings it has; -1 where these don't tell the nearest centre
    from every other: a guess would be off by the whole distance between two regimes."""
    if len(centres) == 1:
        return np.zeros(len(points), dtype=np.intp)
    missing = np.isnan(points)
    found: npt.NDArray[np.intp] = _distances(points, centres).argmin(axis=1)
    if not missing.any():
        return found
    for pattern in np.unique(missing[missing.any(axis=1)], axis=0):
        there = centres[:, ~pattern]
        alike = (_distances(there, there) < APART**2).sum(axis=1) > 1  # each is like itself
        found[(missing == pattern).all(axis=1) & alike[found]] = -1
    return found


def _odd(points: Matrix, centres: Matrix) -> npt.NDArray[np.bool_]:
    """Points of clusters too small to be a regime."""
    own = _distances(points, centres).argmin(axis=1)
    return np.asarray(np.bincount(own, minlength=len(centres))[own] < FEWEST_ROWS)


def _distances(points: Matrix, centres: Matrix) -> Matrix:
    """Squared distances [n, centres]; a missing setting adds nothing."""
    apart = points[:, None, :] - centres[None, :, :]
    found: Matrix = np.nansum(apart * apart, axis=2)
    return found


def _clustered(points: Matrix, count: int) -> Matrix:
    """Lloyd's algorithm, begun at the point nearest to the mean and then always the one farthest from all so far."""
    centres = points[[_distances(points, points.mean(axis=0, keepdims=True))[:, 0].argmin()]]
    while len(centres) < count:
        centres = np.vstack([centres, points[_distances(points, centres).min(axis=1).argmax()]])
    for _ in range(ROUNDS):
        own = _distances(points, centres).argmin(axis=1)
        sizes = np.maximum(np.bincount(own, minlength=count), 1)
        sums = [np.bincount(own, weights=column, minlength=count) for column in points.T]
        moved = np.stack(sums, axis=1) / sizes[:, None]
        if np.allclose(moved, centres, rtol=0, atol=1e-12):
            break
        centres = moved
    return centres
