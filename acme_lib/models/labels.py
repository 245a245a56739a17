"""Labels: truth made from events, for every frame of one equipment. NaN where the truth isn't known (yet)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import Label
from acme_lib.errors import WrongUse

__all__ = ["labels", "remaining", "within"]

Times = npt.NDArray[np.int64]  # ascending microseconds since 1970
Column = npt.NDArray[np.float64]
HOUR_US = 3_600_000_000


def remaining(at: Times, events: Times, period_us: int) -> Column:
    """Whole periods from each frame's start to the next event after it; NaN where none is known."""
    following = np.searchsorted(events, at, side="right")
    known = following < len(events)
    found = np.full(len(at), np.nan)
    found[known] = (events[following[known]] - at[known]) // period_us
    return found


def within(at: Times, events: Times, horizon_us: int, known_until: int) -> Column:
    """1 where an event lies in (at, at + horizon], 0 where none does, NaN where the horizon ends past `known_until`."""
    count = np.searchsorted(events, at + horizon_us, side="right") - np.searchsorted(events, at, side="right")
    found = np.where(count > 0, 1.0, 0.0)
    found[(count == 0) & (at + horizon_us > known_until)] = np.nan
    return found


def labels(rule: Label, at: Times, events: Times, period_us: int, known_until: int) -> Column:
    """By a use case's label rule. Raises WrongUse where it has neither cap nor horizon."""
    if rule.horizon_h is not None:
        return within(at, events, round(rule.horizon_h * HOUR_US), known_until)
    if rule.cap is None:
        raise WrongUse("use_cases.yaml: a label needs cap (frames, regression) or horizon_h (hours, classification)")
    return np.minimum(remaining(at, events, period_us), rule.cap)
