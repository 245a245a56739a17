"""Point-in-time check: features recomputed from only what was known at a cut-off must be what the whole history gave."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from acme_lib.features.fitted import Fitted
from acme_lib.features.frames import Frames
from acme_lib.features.names import names

__all__ = ["leaks", "seen_ahead"]

Compute = Callable[[Fitted, Frames], npt.NDArray[np.float32]]
CUTS = 12


def leaks(fitted: Fitted, frames: Frames, compute: Compute, cuts: int = CUTS) -> list[str]:
    """Names of features whose value at some frame changes when everything after it is taken away: they saw the future.

    `compute` is judged at `cuts` frames spread over the history, the last of each shortened one included.
    """
    whole = compute(fitted, frames)
    ends = np.unique(np.linspace(0, max(len(frames) - 1, 0), min(cuts, len(frames))).astype(int))
    differ = np.zeros(whole.shape[1], dtype=bool)
    for end in ends:
        past = compute(fitted, frames.until(int(frames.times[end])))
        apart = (past != whole[: end + 1]) & ~(np.isnan(past) & np.isnan(whole[: end + 1]))
        differ |= apart.any(axis=0)
    return [name for name, different in zip(names(fitted), differ.tolist(), strict=True) if different]


def seen_ahead(fitted: Fitted, frames: Frames, compute: Compute) -> list[str] | None:
    """`leaks`, proven on a planted one: with the first feature taken from the next frame the check must name it.

    None where the history is too short or too constant to prove anything.
    """

    def peeking(fitted: Fitted, frames: Frames) -> npt.NDArray[np.float32]:
        found = compute(fitted, frames).copy()
        found[:-1, 0] = frames.values[1:, _telling(frames)]
        return found

    if names(fitted)[0] not in leaks(fitted, frames, peeking):
        return None
    return leaks(fitted, frames, compute)


def _telling(frames: Frames) -> int:
    """The tag that changes most often."""
    changes = np.diff(frames.values, axis=0) != 0
    return int(changes.sum(axis=0).argmax()) if len(changes) else 0
