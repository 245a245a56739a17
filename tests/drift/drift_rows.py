"""Rows for drift tests."""

from __future__ import annotations

import numpy as np

from acme_lib.drift import Rows


def rows(values: np.ndarray, equipment: str | np.ndarray = "a", start: int = 0, stratum: str = "all") -> Rows:
    n = len(values)
    owner = np.full(n, equipment) if isinstance(equipment, str) else equipment
    return Rows(values, owner, np.arange(start, start + n), np.full(n, stratum))
