"""What cross-validation by asset says of a recipe: its figures, the interval's bands, a classifier's threshold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import Costs, UseCase
from acme_lib.models.bands import Answers, Bands, answer
from acme_lib.models.calibration import calibrated
from acme_lib.models.conformal import bands_of, coverage
from acme_lib.models.crossval import FROM_FRAME, choice_figure, cut_weights, held_out
from acme_lib.models.dataset import Dataset
from acme_lib.models.figures import figures
from acme_lib.models.inputs import Inputs
from acme_lib.models.metrics import best_threshold
from acme_lib.models.recipe import Recipe
from acme_lib.models.splits import folds, random_folds

__all__ = ["Judged", "judge"]

BANDS = 6
DRAWS = 20
Column = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """Raw held-out answers for every training row, and what is made of them."""

    raw: Column
    answers: Answers
    bands: Bands
    threshold: float
    figures: dict[str, float]


def judge(found: Inputs, rows: Dataset, recipe: Recipe, threads: int) -> Judged:
    """With the use case's first seed. `leaky_random_rows`: the same figure where neighbours of a row may teach (one fold)."""
    case, seed = found.case, found.case.seeds[0]
    raw = held_out(recipe, case, rows, found.names, folds(rows.equipment, case.split.folds, seed), seed, threads)
    bands, threshold = _bands(case, rows, raw)
    answers = answer(bands, raw)
    leaky = held_out(recipe, case, rows, found.names, [next(random_folds(len(rows), 5, seed))], seed, threads)
    own = _figures(found, rows, answers, threshold, seed)
    own |= {"choice": choice_figure(case, rows, raw), "choice_leaky_random_rows": choice_figure(case, rows, leaky)}
    return Judged(raw, answers, bands, threshold, own)


def _bands(case: UseCase, rows: Dataset, raw: Column) -> tuple[Bands, float]:
    if case.kind == "regression":
        weight = cut_weights(rows)
        used = weight > 0
        return bands_of(rows.label[used], raw[used], weight[used], case.interval, BANDS, 0.0, case.label.cap), 0.0
    bands = calibrated(rows.label, raw, case.interval)
    costs = case.costs or Costs(false_negative=1, false_positive=1)
    return bands, best_threshold(rows.label, answer(bands, raw).value, costs)


def _figures(found: Inputs, rows: Dataset, answers: Answers, threshold: float, seed: int) -> dict[str, float]:
    """Of a classifier over all rows; of a regression the mean over draws of one cut an asset, as a test set is made."""
    if found.case.kind == "classification":
        return figures(found.case, rows, answers, threshold, found.events, seed)
    drawn = [
        figures(found.case, rows.of(cut), Answers(*(column[cut] for column in answers)), threshold, found.events, seed)
        for cut in _cuts(rows, seed)
    ]
    own = {name: float(np.nanmean([d[name] for d in drawn])) for name in drawn[0] if not name.endswith("_rows")}
    return {**own, "coverage_rows": coverage(rows.label, answers), "rows": float(len(rows))}


def _cuts(rows: Dataset, seed: int) -> Iterator[npt.NDArray[np.bool_]]:
    """Each time one row an asset, drawn at random behind its first frames."""
    rng = np.random.default_rng(seed)
    own = [np.flatnonzero(rows.equipment == name) for name in np.unique(rows.equipment)]
    for _ in range(DRAWS):
        chosen = np.zeros(len(rows), dtype=bool)
        for places in own:
            late = places[rows.frame[places] >= FROM_FRAME]
            chosen[rng.choice(late if len(late) else places)] = True
        yield chosen
