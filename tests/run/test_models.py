"""Which use cases a plant's data answers, and what a summary says of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.run import models
from acme_lib.run.evidence import Evidence
from acme_lib.run.options import RunOptions


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """No tables yet: each is empty, with its contract's columns."""
    found = Evidence(tmp_path, None)
    for equipment, kind in (("testbed/turbofan/fd001/train/engine-001", "turbofan"), ("dallas/a/l/c/pump-01", "pump")):
        found.db.execute(
            "INSERT INTO gold_dim_equipment (equipment_id, equipment_class) VALUES (?, ?)", [equipment, kind]
        )
    return found


def heard(evidence: Evidence, equipment: str) -> None:
    evidence.db.execute("INSERT INTO silver_events (equipment_id) VALUES (?)", [equipment])


def test_a_use_case_is_answerable_where_its_equipment_was_heard(evidence: Evidence) -> None:
    assert models.answerable(evidence) == []
    heard(evidence, "testbed/turbofan/fd001/train/engine-001")
    assert models.answerable(evidence) == ["rul"]
    heard(evidence, "dallas/a/l/c/pump-01")
    assert models.answerable(evidence) == ["rul", "failure_24h_plant"]
    assert models.answerable(evidence, ["failure_24h_plant", "failure_24h"]) == ["failure_24h_plant"]


def test_results_hold_the_last_evaluation_the_registry_and_what_was_predicted(evidence: Evidence) -> None:
    assert models.results(evidence, "rul") == {"predictions": []}
    assert not models.serves(evidence, "rul")
    for version, rmse, day in (("1", 13.0, 1), ("2", 12.0, 2)):
        evidence.db.execute(
            "INSERT INTO ml_evaluations (use_case, model_version, snapshot_id, opened_utc, metrics_json) "
            f"VALUES ('rul', '{version}', 's', TIMESTAMP '2026-01-0{day} 00:00:00', '{{\"rmse\": {rmse}}}')"
        )
    evidence.db.execute("INSERT INTO gold_predictions (use_case, origin, split) VALUES ('rul', 'batch', 'test')")
    evidence.db.execute("INSERT INTO ml_model_registry (model, version, aliases) VALUES ('acme-rul', '2', ['staging'])")
    found = models.results(evidence, "rul")
    assert (found["model_version"], found["metrics"]) == ("2", {"rmse": 12.0})
    assert found["predictions"] == [{"origin": "batch", "split": "test", "rows": 1}]
    assert found["registry"]["aliases"] == ["staging"]
    assert not models.serves(evidence, "rul")  # version 2 learned elsewhere
    evidence.db.execute(
        "INSERT INTO gold_predictions (use_case, origin, split, model_version) VALUES ('rul', 'batch', 'validation', '2')"
    )
    assert models.serves(evidence, "rul")
    for use_case, version, failed in (("rul", 2, '["slices"]'), ("rul", 1, '["drift"]'), ("failure_24h", 2, "[]")):
        counters = f'{{"model": "acme-{use_case}", "model_version": "{version}", "failed": {failed}}}'
        evidence.db.execute(
            "INSERT INTO ops_runs (job, status, counters) VALUES ('validate_register', 'succeeded', ?)", [counters]
        )
    assert models.results(evidence, "rul")["failed_gates"] == ["slices"]


def test_the_registry_s_row_is_the_evaluated_version_s_else_the_highest(evidence: Evidence) -> None:
    for version, alias, day in (("9", "production", 2), ("10", "staging", 2), ("2", "archived", 1)):
        evidence.db.execute(
            f"INSERT INTO ml_model_registry (model, version, aliases, exported_utc) VALUES ('acme-rul', '{version}', ['{alias}'], TIMESTAMP '2026-01-0{day} 00:00:00')"
        )
    assert models.results(evidence, "rul")["registry"]["version"] == "10"  # as text it would come before 9
    evidence.db.execute(
        "INSERT INTO ml_evaluations (use_case, model_version, opened_utc, metrics_json) VALUES ('rul', '9', TIMESTAMP '2026-01-01 00:00:00', '{}')"
    )
    found = models.results(evidence, "rul")
    assert (found["model_version"], found["registry"]["version"]) == ("9", "9")
    assert found["registry"]["aliases"] == ["production"]


def test_an_evaluated_version_the_registry_lacks_shows_no_other_s_row(evidence: Evidence) -> None:
    evidence.db.execute("INSERT INTO ml_model_registry (model, version) VALUES ('acme-rul', '3')")
    evidence.db.execute(
        "INSERT INTO ml_evaluations (use_case, model_version, opened_utc, metrics_json) VALUES ('rul', '2', TIMESTAMP '2026-01-01 00:00:00', '{}')"
    )
    assert "registry" not in models.results(evidence, "rul")


def test_only_a_turbofan_s_validation_is_told_where_the_answers_lie(tmp_path: Path) -> None:
    assert models.answers(RunOptions(source="cmapss", data=tmp_path, subset="FD003")) == {
        "answers": str(tmp_path),
        "subset": "FD003",
    }
    assert models.answers(RunOptions(source="azure-pdm", data=tmp_path)) == {}
