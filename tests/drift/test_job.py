"""The drift job on a lakehouse: snapshot against new vectors, to drift_results and alerts, and read back as evidence."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from acme_lib.drift import job
from acme_lib.drift.evidence import evidence_of
from acme_lib.drift.history import last_run
from acme_lib.errors import Stop, WrongUse
from acme_lib.monitoring import LakeAlerts

pytestmark = pytest.mark.spark
NOW = datetime(2026, 11, 25, tzinfo=UTC)
START, HOURS, MACHINES = datetime(2026, 1, 1, tzinfo=UTC), 3_000, 2
VERSION, SNAPSHOT, CASE = "pdm_machine-1", "snap", "failure_24h"


def vectors(hours: range, moved: float = 0.0) -> list[dict[str, Any]]:
    rng = np.random.default_rng(hours.start)
    return [
        {
            "feature_table_version": VERSION, "spec": "pdm_machine", "equipment_id": f"testbed/m{m}", "ts_utc": START + timedelta(hours=h),
            "frame": h + 1, "complete": True, "missing": [], "vector": (rng.normal(size=2) + np.array([0, moved])).tolist(),
        }
        for m in range(MACHINES) for h in hours
    ]  # fmt: skip


@pytest.fixture(scope="module")
def watched(spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A model that learned 3,000 hours; then 300 quiet hours, then 300 in which heat moved by one spread and truth is known."""
    from acme_lib.lake import Lakehouse

    lake = Lakehouse(spark, str(tmp_path_factory.mktemp("drift")))
    past, quiet, moved = vectors(range(HOURS)), vectors(range(HOURS, 3_300)), vectors(range(3_300, 3_600), 1.0)
    tags = {"trainingDataVersion": SNAPSHOT, "featureTableVersion": VERSION}
    prediction = {
        "use_case": CASE,
        "model_version": "7",
        "origin": "batch",
        "unit": "probability",
        "predicted_utc": NOW,
    }
    told = [
        prediction | {k: r[k] for k in ("equipment_id", "ts_utc", "frame")} | {"prediction": 0.1 * r["vector"][0], "label": label, "split": split}
        for rows, label, split in ((past, 0.0, "validation"), (quiet, None, "test"), (moved, 0.0, "test")) for r in rows
    ]  # fmt: skip
    tables: dict[str, list[dict[str, Any]]] = {
        "feature_vectors": past + quiet + moved,
        "feature_versions": [{"feature_table_version": VERSION, "spec": "pdm_machine", "spec_json": "", "fitted_json": "", "names": ["speed", "heat"], "equipment": 2, "created_utc": NOW, "run_id": "r"}],
        "ml_training_snapshots": [r | {"snapshot_id": SNAPSHOT, "use_case": CASE, "label": 0.0, "split": "train"} for r in past],
        "ml_model_registry": [{"model": f"acme-{CASE}", "version": "7", "aliases": ["staging"], "tags_json": json.dumps(tags), "run_id": "r", "exported_utc": NOW}],
        "gold_predictions": told,
    }  # fmt: skip
    for name, rows in tables.items():
        lake.append(name, lake.frame(name, rows), {})
    return lake


def test_quiet_then_moved(watched: Any) -> None:
    border = START + timedelta(hours=3_300)
    quiet = job.run(job.Config(run_id="d1", use_case=CASE, until=border), watched, NOW)
    assert quiet.counters["drifted"] == 0, [
        (r["feature"], r["metric"], r["value"], r["threshold"]) for r in last_run(watched, CASE) if r["drifted"]
    ]
    assert quiet.counters["rows_judged"] == 600
    assert quiet.counters["false_alarm_rate"] <= 0.1
    for _ in range(2):  # the same run again replaces its rows
        moved = job.run(job.Config(run_id="d2", use_case=CASE, since=border), watched, NOW + timedelta(hours=1))
    assert moved.counters["drifted"] > 0
    rows = last_run(watched, CASE)
    assert {r["feature"] for r in rows if r["drifted"]} == {"heat"}
    assert {r["feature"] for r in rows} == {"speed", "heat", "prediction", "residual"}
    assert rows[0]["feature"] == "heat"
    assert len(rows) == watched.read("drift_results").where("run_id = 'd2'").count()
    assert [(a.rule, a.key, a.closed_utc) for a in LakeAlerts(watched).rows()] == [("input_drift", CASE, None)]
    found = evidence_of(watched, CASE)
    assert (found.input_alarms, found.residual_alarms) == ([True, False], [False])  # d1 knew no truth
    assert (found.rows_trained, found.rows_since) == (6_000, 600)
    job.run(job.Config(run_id="d3", use_case=CASE, until=border), watched, NOW + timedelta(hours=2))
    assert LakeAlerts(watched).rows()[0].closed_utc == NOW + timedelta(hours=2)


@pytest.mark.parametrize(
    ("config", "kind", "message"),
    [
        ({"use_case": "nothing"}, WrongUse, "no use case 'nothing'; there are rul"),
        ({"use_case": "rul"}, Stop, "no version in production or staging; run validate_register"),
        ({"use_case": CASE, "model_version": "9"}, Stop, "has no version 9"),
        ({"use_case": CASE, "since": datetime(2030, 1, 1, tzinfo=UTC)}, Stop, "nothing has come"),
    ],
)
def test_faults_say_what_to_do(watched: Any, config: dict[str, Any], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        job.run(job.Config(run_id="x", **config), watched, NOW)
