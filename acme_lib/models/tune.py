"""The tuning job: trials on cross-validation by asset; the tuned recipe replaces the baseline only where it is better beyond doubt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field

from acme_lib.models import pictures, tracking, train
from acme_lib.models.crossval import choice_figure, choice_name, held_out
from acme_lib.models.dataset import Dataset
from acme_lib.models.inputs import Inputs, inputs
from acme_lib.models.recipe import Recipe
from acme_lib.models.recipes import recipe_of
from acme_lib.models.registry import Registry
from acme_lib.models.search import search
from acme_lib.models.snapshots import keep
from acme_lib.models.space import described, recipe_at, space
from acme_lib.models.splits import TRAIN, folds
from acme_lib.models.store import Store, store_at
from acme_lib.monitoring import RunRecord, recording
from acme_lib.settings import settings

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "run", "verdict"]

# of the training of a tuned version: this run's record is the only one that tells of it
LEARNED = ("model", "model_version", "snapshot_id", "feature_table_version", "choice", "choice_leaky_random_rows", "recipe")  # fmt: skip

Column = npt.NDArray[np.float64]


class Config(BaseModel):
    """Parameters of the notebook hpo_run. `least_gain`: share of the baseline's figure a tuned recipe must gain.

    `every`: each n-th frame teaches and is judged in the trials, since neighbours say nearly the same; `rounds` caps trees.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"
    feature_table_version: str | None = None
    trials: int = Field(30, ge=1)
    folds: int = Field(3, ge=2)
    every: int = Field(3, ge=1)
    rounds: int | None = None
    least_gain: float = Field(0.01, ge=0)
    threads: int = 2


@dataclass(frozen=True)
class Trial:
    """What all trials share. The network is learned once for each choice of windows; trials mix it in by weight."""

    found: Inputs
    rows: Dataset
    folds: int
    threads: int
    networks: dict[tuple[int, ...] | None, Column]

    def loss(self, recipe: Recipe, seed: int) -> float:
        return choice_figure(self.found.case, self.rows, self.answers(recipe, seed))

    def answers(self, recipe: Recipe, seed: int) -> Column:
        trees = msgspec.structs.replace(recipe, net=msgspec.structs.replace(recipe.net, weight=0.0))
        found = self._held_out(trees, seed)
        if not recipe.net.weight:
            return found
        if recipe.windows not in self.networks:
            alone = msgspec.structs.replace(recipe, net=msgspec.structs.replace(recipe.net, weight=1.0))
            self.networks[recipe.windows] = self._held_out(alone, self.found.case.seeds[0])
        return (1 - recipe.net.weight) * found + recipe.net.weight * self.networks[recipe.windows]

    def _held_out(self, recipe: Recipe, seed: int) -> Column:
        dealt = folds(self.rows.equipment, self.folds, self.found.case.seeds[0])
        return held_out(recipe, self.found.case, self.rows, self.found.names, dealt, seed, self.threads)


def run(config: Config, lake: Lakehouse | Store, now: datetime, registry: Registry | None = None) -> RunRecord:
    """Counters say what happened: `replaced` true and a new candidate version, or the baseline stays and why."""
    store = store_at(lake)
    with recording(config.run_id, "tune", now) as record:
        found = inputs(store, config.use_case, config.feature_table_version)
        base, snapshot = recipe_of(found.case, rounds=config.rounds), keep(store, found, config.run_id)
        rows = found.data.labelled(TRAIN)
        rows = rows.of(rows.frame % config.every == 0) if config.every > 1 else rows
        trial = Trial(found, rows, config.folds, config.threads, {})
        kept = _kept(config, base, snapshot)
        with tracking.started(found.case.id, f"tune {config.run_id}") as active:
            best, losses = search(_objective(trial, base, config), space(found.names, base.net.weight > 0), config.trials, found.case.seeds[0], kept, _teller(active))  # fmt: skip
            tuned = _capped(recipe_at(base, best), config)
            said = verdict(trial, base, tuned, config.least_gain)
            _log(active, found, tuned, losses, said)
        record.rows_in = len(rows)
        record.counters = {
            "use_case": found.case.id,
            "trials": len(losses),
            "failed_trials": int(np.isnan(losses).sum()),
            **said,
        }
        if said["replaced"]:
            again = train.Config(run_id=config.run_id, use_case=config.use_case, feature_table_version=found.feature_table_version, recipe=msgspec.to_builtins(tuned), threads=config.threads)  # fmt: skip
            trained = train.run(again, store, now, registry).counters
            record.counters |= {name: trained[name] for name in LEARNED}
        kept.unlink(missing_ok=True)
    return record


def verdict(trial: Trial, base: Recipe, tuned: Recipe, least_gain: float) -> dict[str, Any]:
    """Both recipes over three seeds: the tuned one wins where its mean gain passes the threshold and twice the spread."""
    seeds = trial.found.case.seeds[:3]
    before, after = (np.array([trial.loss(r, seed) for seed in seeds]) for r in (base, tuned))
    gain, spread = float(before.mean() - after.mean()), float(np.hypot(before.std(), after.std()))
    wanted = max(least_gain * float(before.mean()), 2 * spread)
    figure = choice_name(trial.found.case)
    said = f"gain {gain:.4g} of {figure}, {wanted:.4g} was wanted (threshold {least_gain:.1%} of the baseline, twice the seeds' spread {spread:.2g})"  # fmt: skip
    return {"replaced": gain > wanted, "figure": figure, "baseline": float(before.mean()), "tuned": float(after.mean()), "gain": gain, "seed_spread": spread, "verdict": said}  # fmt: skip


def _objective(trial: Trial, base: Recipe, config: Config) -> Callable[[dict[str, Any]], float]:
    return lambda point: trial.loss(_capped(recipe_at(base, point), config), trial.found.case.seeds[0])


def _capped(recipe: Recipe, config: Config) -> Recipe:
    if config.rounds is None or recipe.trees.rounds <= config.rounds:
        return recipe
    return msgspec.structs.replace(recipe, trees=msgspec.structs.replace(recipe.trees, rounds=config.rounds))


def _kept(config: Config, base: Recipe, snapshot: str) -> Path:
    """One file for the same question: a run after a crash goes on where it was."""
    asked = [snapshot, config.folds, config.every, config.rounds, msgspec.to_builtins(base)]
    name = hashlib.sha256(msgspec.json.encode(asked)).hexdigest()[:12]
    return settings().folder("mlflow") / "tuning" / f"{config.use_case}-{name}.pickle"


def _teller(active: Any) -> Callable[[int, float], None]:
    client = tracking.client()

    def told(number: int, loss: float) -> None:
        if np.isfinite(loss):
            client.log_metric(active.info.run_id, "trial_choice", loss, step=number)

    return told


def _log(active: Any, found: Inputs, tuned: Recipe, losses: list[float], said: dict[str, Any]) -> None:
    client, run_id = tracking.client(), active.info.run_id
    client.log_text(
        run_id, pictures.html(pictures.convergence(losses, choice_name(found.case))), "plots/convergence.html"
    )
    client.log_dict(run_id, {"space": described(found.names)}, "search_space.json")
    client.log_dict(run_id, msgspec.to_builtins(tuned), "best_recipe.json")
    client.set_tag(run_id, "verdict", said["verdict"])
    for name in ("baseline", "tuned", "gain", "seed_spread"):
        client.log_metric(run_id, f"choice_{name}", said[name])
