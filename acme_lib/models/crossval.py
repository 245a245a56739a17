"""Grouped cross-validation: every row answered by a model that never saw its equipment. All choices are made on this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import UseCase
from acme_lib.models.conformal import asset_weights
from acme_lib.models.dataset import Dataset
from acme_lib.models.learner import fit
from acme_lib.models.metrics import average_precision, weighted_rmse
from acme_lib.models.recipe import Recipe
from acme_lib.models.splits import Fold

__all__ = ["FROM_FRAME", "choice_figure", "choice_name", "cut_weights", "held_out"]

# No earlier cut is drawn. FD001's shortest test engine has 31 cycles; FD002's and FD004's have 21 and 19. One rule for all:
# cuts from 19 to 24 would be a few in a hundred draws, at an age where nearly every label stands at its cap.
FROM_FRAME = 25
CHOICE = {"regression": "RMSE at random cuts", "classification": "1 - average precision"}
Column = npt.NDArray[np.float64]


def held_out(recipe: Recipe, case: UseCase, data: Dataset, names: Sequence[str], folds: Iterable[Fold], seed: int, threads: int = 1) -> Column:  # fmt: skip
    """float64[n] raw answers; NaN for rows no fold judged."""
    found = np.full(len(data), np.nan)
    for learn, judge in folds:
        learned = fit(recipe, case.kind, data.vectors[learn], data.label[learn], names, seed, threads)
        found[judge] = learned.raw(data.vectors[judge])
    return found


def cut_weights(data: Dataset) -> Column:
    """Weights under which a mean over rows is the expectation over one random cut of each history, as a test set is made."""
    late = data.frame >= FROM_FRAME
    if not late.any():
        late = np.ones(len(data), dtype=bool)
    weight = np.zeros(len(data))
    weight[late] = asset_weights(data.equipment[late])
    return weight


def choice_name(case: UseCase) -> str:
    """The name of `choice_figure`, wherever it is shown."""
    return CHOICE[case.kind]


def choice_figure(case: UseCase, data: Dataset, raw: Column) -> float:
    """What choices are made by, lower is better. Of a classifier the ranking alone, whatever `primary` is: a threshold,
    and with it F1, is chosen from the same answers afterwards."""
    judged = np.isfinite(raw)
    if case.kind == "classification":
        return 1 - average_precision(data.label[judged], raw[judged])
    value = np.clip(raw[judged], 0, case.label.cap)
    return weighted_rmse(data.label[judged], value, cut_weights(data.of(judged)))
