"""The training job: features to a registered candidate, judged on assets it never saw; the test set stays shut."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from acme_lib.models import tracking
from acme_lib.models.candidate import Candidate, Facts
from acme_lib.models.dataset import Dataset
from acme_lib.models.export import onnx_model
from acme_lib.models.figures import finite
from acme_lib.models.inputs import Inputs, inputs
from acme_lib.models.judging import Judged, judge
from acme_lib.models.learner import Fit, fit, members
from acme_lib.models.logbook import log_training
from acme_lib.models.recipe import Recipe
from acme_lib.models.recipes import recipe_of
from acme_lib.models.registry import Registry
from acme_lib.models.rows import prediction_rows
from acme_lib.models.snapshots import keep
from acme_lib.models.splits import TRAIN
from acme_lib.models.store import Store, store_at
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "run"]

EXAMPLES = 32


class Config(BaseModel):
    """Parameters of the notebook train_baseline. `recipe`: fields of models.recipe.Recipe that replace the use case's own.

    `rounds`: fewer trees, for a quick look. `threads`: of LightGBM.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"
    feature_table_version: str | None = None
    recipe: dict[str, Any] | None = None
    rounds: int | None = None
    threads: int = 2


def run(config: Config, lake: Lakehouse | Store, now: datetime, registry: Registry | None = None) -> RunRecord:
    """Registers the next version of acme-<use case>, without an alias, and writes what the folds predicted. Raises WrongUse or Stop where data are lacking."""
    store, registry = store_at(lake), registry or tracking.registry()
    with recording(config.run_id, "train", now) as record:
        found = inputs(store, config.use_case, config.feature_table_version)
        recipe = recipe_of(found.case, config.recipe, config.rounds)
        snapshot = keep(store, found, config.run_id)
        rows = found.data.labelled(TRAIN)
        with tracking.started(found.case.id, f"train {config.run_id}") as active:
            judged = judge(found, rows, recipe, config.threads)
            with tracking.autologged():
                fits = learned(found, rows, recipe, config.threads)
            candidate = Candidate(onnx_model(members(fits)), found.fitted, judged.bands, facts(found, recipe, judged, snapshot, now))  # fmt: skip
            folder = log_training(active, found, rows, judged, candidate, _examples(rows), fits)
            version = tracking.registered(registry, candidate.facts, folder, active)
        split = np.full(len(rows), "validation")
        held_out = prediction_rows(found.case.id, found.case.unit, version.version, rows, judged.answers, split, now)
        record.rows_in = len(found.data)
        record.rows_out = store.append("gold_predictions", held_out, {"run_id": config.run_id})
        record.counters = {"model": version.model, "model_version": version.version, "snapshot_id": snapshot, "feature_table_version": found.feature_table_version, "choice": judged.figures["choice"], "choice_leaky_random_rows": judged.figures["choice_leaky_random_rows"], "recipe": config.recipe or {}}  # fmt: skip
    return record


def learned(found: Inputs, rows: Dataset, recipe: Recipe, threads: int) -> list[Fit]:
    """One member a seed, each on all training rows."""
    seeds = found.case.seeds[: recipe.members]
    return [fit(recipe, found.case.kind, rows.vectors, rows.label, found.names, seed, threads) for seed in seeds]


def facts(found: Inputs, recipe: Recipe, judged: Judged, snapshot: str, now: datetime) -> Facts:
    return Facts(
        use_case=found.case.id,
        feature_table_version=found.feature_table_version,
        snapshot_id=snapshot,
        git_sha=tracking.git_sha(),
        recipe=recipe,
        seeds=list(found.case.seeds[: recipe.members]),
        threshold=judged.threshold,
        trained_utc=f"{now:%Y-%m-%dT%H:%M:%SZ}",
        cross_validation=finite(judged.figures),
        environment=tracking.environment(),
    )


def _examples(rows: Dataset) -> npt.NDArray[np.float32]:
    """Complete rows spread over all of training: the golden rows of the bundle."""
    whole = rows.vectors[rows.complete] if rows.complete.sum() >= EXAMPLES else rows.vectors
    return np.asarray(whole[np.linspace(0, len(whole) - 1, EXAMPLES).round().astype(int)])
