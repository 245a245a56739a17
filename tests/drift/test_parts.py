"""Windows that a reference can calibrate: every row in one part, in order, and the newest where only one is judged."""

from __future__ import annotations

import numpy as np
import pytest
from drift_rows import rows

from acme_lib.drift import Reference, compare, newest, parts
from acme_lib.drift.windows import Scheme


def noise(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 1))


def owners(n: int, each: int) -> np.ndarray:
    return np.array([f"m-{k // each:03d}" for k in range(n)])


@pytest.mark.parametrize("scheme", ["time", "equipment"])
def test_parts_hold_every_row_once_and_each_can_be_judged(scheme: Scheme) -> None:
    reference = Reference(("a",), rows(noise(8_000, 1), owners(8_000, 100)), scheme)
    current = rows(noise(6_000, 2), owners(6_000, 100), start=8_000)
    assert not [f for f in compare(reference, current).findings if f.threshold is not None]  # whole, none could be
    found = list(parts(reference, current))
    assert len(found) == 3  # at most 2,000 each
    assert sorted(np.concatenate([p.at for p in found]).tolist()) == current.at.tolist()
    assert all(f.threshold is not None for p in found for f in compare(reference, p).findings)
    assert found[0].at.max() < found[1].at.min()
    assert newest(reference, current).at.tolist() == found[-1].at.tolist()


def test_what_fits_is_taken_whole_and_too_little_is_no_part() -> None:
    reference = Reference(("a",), rows(noise(8_000, 1)))
    few = rows(noise(499, 2))
    assert list(parts(reference, few)) == []
    assert len(newest(reference, few)) == 499
    assert len(newest(reference, rows(noise(0, 2)))) == 0
