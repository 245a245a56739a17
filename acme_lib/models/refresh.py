"""The refresh job: what the serving models would say of all that has come. Others learn features anew; these keep their own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from acme_lib.models import predict, tracking
from acme_lib.models.candidate import Candidate
from acme_lib.models.inputs import case_of
from acme_lib.models.registry import ALIASES, Registry, Version, name_of
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "run"]


class Config(BaseModel):
    """Parameters: whose models."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"


def run(config: Config, lake: Lakehouse, now: datetime, registry: Registry | None = None) -> RunRecord:
    """Feature vectors up to Silver's present, by the features each model in production or staging was made with, and its
    predictions of them. Without a serving model nothing is done."""
    registry = registry or tracking.registry()
    with recording(config.run_id, "refresh", now) as record:
        name = name_of(case_of(config.use_case).id)
        serving = {v.version: v for alias in ALIASES if (v := registry.holder(name, alias)) is not None}
        for _, version in sorted(serving.items()):
            _built(config, lake, version, registry)
            told = predict.run(predict.Config(run_id=config.run_id, use_case=config.use_case, version=version.version), lake, now, registry)  # fmt: skip
            record.rows_out += told.rows_out
        record.counters = {"use_case": config.use_case, "versions": sorted(serving)}
    return record


def _built(config: Config, lake: Lakehouse, version: Version, registry: Registry) -> None:
    """Nothing where the newest build was of these features and this Silver."""
    from acme_lib.features import batch

    note, features = lake.note("feature_vectors"), version.tags["featureTableVersion"]
    if (note.get("feature_table_version"), note.get("silver_version")) == (features, lake.version("silver_events")):
        return
    with TemporaryDirectory() as scratch:
        there = Candidate.load(registry.fetch(version.model, version.version, Path(scratch) / "model"))
    # dated as the model is: where this lakehouse meets these features first, they must not pass for the newest ones
    made = datetime.fromisoformat(there.facts.trained_utc)
    batch.run(batch.Config(run_id=config.run_id, use_case=config.use_case), lake, made, there.fitted)
