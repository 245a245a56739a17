"""The batch prediction job: a registered version's answers for every frame it did not learn from, into gold_predictions."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
from pydantic import BaseModel, ConfigDict

from acme_lib.models import tracking
from acme_lib.models.answers import left
from acme_lib.models.candidate import Candidate, Predictor
from acme_lib.models.evaluate import chosen
from acme_lib.models.inputs import inputs
from acme_lib.models.registry import Registry
from acme_lib.models.rows import prediction_rows
from acme_lib.models.splits import TEST, TRAIN
from acme_lib.models.store import Store, store_at
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "Predictor", "run"]


class Config(BaseModel):
    """Parameters: which version predicts; the newest without one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"
    version: str | None = None


def run(config: Config, lake: Lakehouse | Store, now: datetime, registry: Registry | None = None) -> RunRecord:
    """Replaces the version's batch rows of split train and test. Rows it learned from keep what the folds said of them
    (split validation, written by the training). Labels are what is known now, published answers included."""
    store, registry = store_at(lake), registry or tracking.registry()
    with recording(config.run_id, "predict", now) as record:
        version = chosen(registry, config.use_case, config.version)
        with TemporaryDirectory() as scratch:
            candidate = Candidate.load(registry.fetch(version.model, version.version, Path(scratch) / "model"))
        found = inputs(store, config.use_case, candidate.facts.feature_table_version)
        data = found.data
        if found.case.split.test == "equipment":
            data = data.answered(left(store), found.period_us, found.case.label.cap)
        rows = data.of(~((data.split == TRAIN) & np.isfinite(data.label)))
        answers = candidate.predictor().predict(rows.vectors)
        split = np.where(rows.split == TEST, TEST, TRAIN)
        table = prediction_rows(found.case.id, found.case.unit, version.version, rows, answers, split, now)
        note = {"run_id": config.run_id, "model_version": version.version}
        for part in (TEST, TRAIN):
            where = {"use_case": found.case.id, "model_version": version.version, "origin": "batch", "split": part}
            record.rows_out += store.replace("gold_predictions", table.filter(split == part), where, note)
        record.rows_in = len(data)
        record.counters = {"model": version.model, "model_version": version.version, "predictions": len(rows)}
    return record
