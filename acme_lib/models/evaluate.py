"""The evaluation job: opens the test set of a use case, once for each model version, and notes that it did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from getpass import getuser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from acme_lib.errors import Stop
from acme_lib.models import tracking
from acme_lib.models.answers import left, load_answers
from acme_lib.models.candidate import Candidate, Predictor
from acme_lib.models.dataset import Dataset
from acme_lib.models.figures import figures, finite
from acme_lib.models.inputs import Inputs, case_of, inputs
from acme_lib.models.registry import Registry, Version, name_of
from acme_lib.models.splits import TEST
from acme_lib.models.store import Store, store_at
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "chosen", "noted", "opened", "run", "test_rows"]

COMPARED = ("rmse", "mae", "cmapss_score", "average_precision", "f1")


class Config(BaseModel):
    """Parameters: which version to judge, the newest without one; `answers`, the folder of a C-MAPSS test set's answers."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"
    version: str | None = None
    answers: Path | None = None
    subset: str = "FD001"


def run(config: Config, lake: Lakehouse | Store, now: datetime, registry: Registry | None = None) -> RunRecord:
    """Figures of the version on the test set, also of each member (seed). A version that was judged before is not judged
    again: its noted figures are given. Raises Stop where the test set has no answers."""
    store, registry = store_at(lake), registry or tracking.registry()
    with recording(config.run_id, "evaluate", now) as record:
        version = chosen(registry, config.use_case, config.version)
        if config.answers is not None:
            load_answers(store, config.answers, config.subset)
        found = opened(store, version)
        if found is None:
            found = _open(store, registry, version, config, now)
            record.rows_in = int(found["rows"])
        record.counters = {"model": version.model, "model_version": version.version, **found}
    return record


def chosen(registry: Registry, use_case: str, version: str | None) -> Version:
    """The version named, or the newest. Raises Stop where nothing is registered."""
    name = name_of(case_of(use_case).id)
    if version is not None:
        return registry.get(name, version)
    versions = registry.versions(name)
    if not versions:
        raise Stop(f"{name}: no version is registered; train one first (notebook train_baseline)")
    return versions[-1]


def opened(store: Store, version: Version) -> dict[str, float] | None:
    """The figures noted at the opening for this version; None where there was none."""
    where = {"use_case": version.tags.get("useCase", ""), "model_version": version.version}
    rows = store.read("ml_evaluations", where, ["metrics_json"])["metrics_json"].to_pylist()
    return dict(json.loads(rows[0])) if rows else None


def test_rows(store: Store, found: Inputs) -> Dataset:
    """The labelled rows of the test set, published answers joined. Raises Stop where none is known."""
    data = found.data
    if found.case.split.test == "equipment":
        data = data.answered(left(store), found.period_us, found.case.label.cap)
    rows = data.labelled(TEST)
    if not len(rows):
        raise Stop(f"{found.case.id}: no truth is known of the test set; load the answers (evaluation_answers) first")
    return rows


def noted(found: dict[str, float]) -> str:
    """The defined figures as JSON."""
    return json.dumps(finite(found), sort_keys=True, allow_nan=False)


def _open(store: Store, registry: Registry, version: Version, config: Config, now: datetime) -> dict[str, float]:
    with TemporaryDirectory() as scratch:
        folder = registry.fetch(version.model, version.version, Path(scratch) / "model")
        candidate = Candidate.load(folder)
        facts = candidate.facts
        found = inputs(store, config.use_case, facts.feature_table_version)
        rows = test_rows(store, found)
        seed = found.case.seeds[0]

        def judged(predictor: Predictor) -> dict[str, float]:
            return figures(found.case, rows, predictor.predict(rows.vectors), facts.threshold, found.events, seed)

        own = judged(candidate.predictor())
        members = [judged(Predictor((folder / f"member_{s}.onnx").read_bytes(), candidate.bands)) for s in facts.seeds]
    own = finite(own | _spread(members))
    row: dict[str, Any] = {
        "use_case": config.use_case,
        "model_version": version.version,
        "snapshot_id": facts.snapshot_id,
        "test_id": rows.snapshot_id,
        "opened_utc": now,
        "opened_by": getuser(),
        "run_id": config.run_id,
        "metrics_json": noted(own),
    }
    store.append_rows("ml_evaluations", [row], {"run_id": config.run_id})
    _log(version, own)
    return own


def _spread(members: list[dict[str, float]]) -> dict[str, float]:
    """Mean and spread over seeds of what is compared with others' results."""
    found: dict[str, float] = {}
    for name in COMPARED:
        values = np.array([m[name] for m in members if name in m])
        if len(values):
            found |= {f"{name}_seeds_mean": float(values.mean()), f"{name}_seeds_spread": float(values.std())}
    return found


def _log(version: Version, own: Mapping[str, float]) -> None:
    if not version.run_id:
        return
    client = tracking.client()
    for name, value in own.items():
        if np.isfinite(value):
            client.log_metric(version.run_id, f"test_{name}", value)
