"""Who trains and who tests: by asset, or forward in time with a gap. Folds for every choice are by asset."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import Split
from acme_lib.errors import WrongUse
from acme_lib.features.teaching import begin_of_test

__all__ = ["GAP", "TEST", "TRAIN", "folds", "random_folds", "split"]

TRAIN, TEST, GAP = "train", "test", "gap"
Names = npt.NDArray[np.str_]
Fold = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]  # rows to learn from, rows to judge
HOUR_US = 3_600_000_000
T = TypeVar("T")


def split(rule: Split, equipment: Names, at: npt.NDArray[np.int64]) -> Names:
    """train, test or gap for each row; a row of the gap is never used. Raises WrongUse where a side is empty
    that can't fill later."""
    if rule.test == "forward":
        found = _forward(rule, at)
    else:
        names = np.unique(equipment)
        if rule.test == "equipment":
            chosen = [n for n in names if re.fullmatch(_needed(rule.equipment, "equipment"), n)]
        else:
            chosen = sorted(names, key=_digest)[: max(1, round(_needed(rule.share, "share") * len(names)))]
        found = np.where(np.isin(equipment, chosen), TEST, TRAIN)
    later = rule.test == "equipment"  # its own equipment may still be to come; evaluation says so where it has not
    for side in (TRAIN,) if later else (TRAIN, TEST):
        if not (found == side).any():
            raise WrongUse(
                f"the split leaves no row for {side}; replay its equipment, or correct split in use_cases.yaml"
            )
    return found


def folds(equipment: Names, count: int, seed: int) -> Iterator[Fold]:
    """`count` folds (fewer where there are fewer assets); no asset is on both sides of one."""
    names = np.unique(equipment)
    if len(names) < 2:
        raise WrongUse("choosing by asset needs two assets or more that train; replay more equipment")
    dealt = np.random.default_rng(seed).permutation(names)
    for n in range(min(count, len(names))):
        judged = np.isin(equipment, dealt[n :: min(count, len(names))])
        yield ~judged, judged


def random_folds(rows: int, count: int, seed: int) -> Iterator[Fold]:
    """Folds of random rows: neighbours of a row are in training, so the figure flatters. Only to show by how much."""
    own = np.random.default_rng(seed).integers(0, count, rows)
    for n in range(count):
        yield own != n, own == n


def _forward(rule: Split, at: npt.NDArray[np.int64]) -> Names:
    begin = begin_of_test(rule, int(at.min()), int(at.max()))
    return np.where(at >= begin, TEST, np.where(at < begin - round(rule.gap_h * HOUR_US), TRAIN, GAP))


def _needed(value: T | None, key: str) -> T:
    if value is None:
        raise WrongUse(f"use_cases.yaml: this kind of split needs {key}")
    return value


def _digest(name: str) -> str:
    """A stable shuffle: the same assets test whatever else is there in between."""
    return hashlib.sha256(name.encode()).hexdigest()
