"""Learning by a recipe: LightGBM on float32 vectors, and a small network beside it where the recipe wants one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.models.network import Network, learn_network, merged
from acme_lib.models.recipe import Recipe

if TYPE_CHECKING:
    import lightgbm as lgb

__all__ = ["Fit", "fit", "members"]

Kind = Literal["regression", "classification"]
Vectors = npt.NDArray[np.float32]
Column = npt.NDArray[np.float64]
COPIES = 100  # seeds a member has for its copies
LEAST_COLUMNS = 8  # that a tree may choose from, however few there are
OBJECTIVE = {"regression": "regression", "classification": "binary"}


@dataclass(frozen=True)
class Fit:
    """One learned model. `columns`: the places in a vector that it sees; `width`: length of a vector; `fill`: see `fill_of`."""

    recipe: Recipe
    kind: Kind
    width: int
    columns: tuple[int, ...]
    fill: Vectors
    boosters: tuple[lgb.Booster, ...]
    networks: tuple[Network, ...]

    def raw(self, vectors: Vectors) -> Column:
        """float32[n, width] -> float64[n]: the value, or the probability."""
        seen = vectors[:, list(self.columns)]
        known = np.where(np.isnan(seen), self.fill, seen)
        found = np.mean([np.asarray(b.predict(known, num_threads=1)) for b in self.boosters], axis=0) if self.boosters else 0.0  # fmt: skip
        if self.kind == "classification" and len(self.boosters) > 1:
            scores = [np.asarray(b.predict(known, raw_score=True, num_threads=1)) for b in self.boosters]
            found = 1 / (1 + np.exp(-np.mean(scores, axis=0)))
        if self.networks:
            own = np.mean([n.predict(seen) for n in self.networks], axis=0)
            found = (1 - self.recipe.net.weight) * found + self.recipe.net.weight * own
        return np.asarray(found, dtype=np.float64)


def fit(recipe: Recipe, kind: Kind, vectors: Vectors, label: Column, names: Sequence[str], seed: int, threads: int = 1) -> Fit:  # fmt: skip
    """One member. The same rows, recipe and seed give the same model, bit for bit."""
    columns = recipe.columns(names)
    seen = vectors[:, columns]
    boosters = (_boosted(recipe, kind, seen, label, seed, threads),) if recipe.net.weight < 1 else ()
    copies = range(recipe.net.copies if recipe.net.weight > 0 else 0)
    own = [learn_network(recipe.net, kind, seen, label, seed * COPIES + n) for n in copies]
    networks = (merged(own),) if own else ()
    return Fit(recipe, kind, vectors.shape[1], tuple(columns), fill_of(seen), boosters, networks)


def members(found: Sequence[Fit]) -> Fit:
    """Several members as one model: the mean of their answers."""
    first = found[0]
    boosters, networks = tuple(b for f in found for b in f.boosters), [n for f in found for n in f.networks]
    return Fit(first.recipe, first.kind, first.width, first.columns, first.fill, boosters, (merged(networks),) if networks else ())  # fmt: skip


def fill_of(seen: Vectors) -> Vectors:
    """What the trees read where a feature is missing, float32[columns]: its median in training; NaN where training saw it
    missing too, since LightGBM has learned a branch for that. It would read the others as 0."""
    # the median, not the mean: right also of counts and flags, which are mostly 0, and a few wild values don't move it
    return np.asarray(np.median(seen, axis=0), dtype=np.float32)  # NaN where one is


def _boosted(recipe: Recipe, kind: Kind, seen: Vectors, label: Column, seed: int, threads: int) -> lgb.Booster:
    import lightgbm as lgb

    settings = msgspec.to_builtins(recipe.trees)
    rounds = settings.pop("rounds")
    settings["feature_fraction"] = max(settings["feature_fraction"], min(1.0, LEAST_COLUMNS / seen.shape[1]))
    fixed = {"objective": OBJECTIVE[kind], "bagging_freq": 1, "seed": seed, "deterministic": True, "force_row_wise": True, "num_threads": threads, "verbose": -1}  # fmt: skip
    return lgb.train({**settings, **fixed}, lgb.Dataset(seen, label), num_boost_round=rounds)
