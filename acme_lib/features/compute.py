"""Batch execution: all feature rows of one equipment's history at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acme_lib.features.fitted import Fitted
from acme_lib.features.frames import Frames
from acme_lib.features.kernel import advance, remembered

__all__ = ["compute"]


def compute(fitted: Fitted, frames: Frames) -> npt.NDArray[np.float32]:
    """float32[n, names]: row i is what was known when frame i closed. Frames must be assembled by the same spec."""
    memory = remembered(fitted)
    memory.happenings.take(frames.events, frames.attributes)
    return advance(fitted, memory, frames.times, frames.values)
