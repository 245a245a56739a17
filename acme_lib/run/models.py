"""What the models' notebooks left in the tables: which use cases the plant's data answers, and the figures of each."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from acme_lib.contracts import contracts
from acme_lib.run.evidence import Evidence
from acme_lib.run.options import RunOptions

__all__ = ["answerable", "answers", "results", "serves"]

CLASSES = "SELECT DISTINCT equipment_class AS class FROM gold_dim_equipment JOIN (SELECT DISTINCT equipment_id FROM silver_events) USING (equipment_id)"
EVALUATED = "SELECT model_version, snapshot_id, metrics_json FROM ml_evaluations WHERE use_case = ? ORDER BY opened_utc DESC LIMIT 1"
PREDICTED = "SELECT origin, split, count(*) AS rows FROM gold_predictions WHERE use_case = ? GROUP BY ALL ORDER BY ALL"
VALIDATED = (
    "SELECT counters FROM ops_runs WHERE job = 'validate_register' AND status = 'succeeded' ORDER BY started_utc DESC"
)
SERVING = """SELECT count(*) FROM ml_model_registry WHERE model = ? AND list_has_any(aliases, ['staging', 'production'])
AND version IN (SELECT model_version FROM gold_predictions WHERE use_case = ? AND split = 'validation')"""
REGISTERED = "SELECT version, aliases, stage FROM ml_model_registry WHERE model = ? ORDER BY version::BIGINT DESC, exported_utc DESC"


def answerable(evidence: Evidence, wanted: Collection[str] = ()) -> list[str]:
    """Use cases whose equipment has messages in Silver, in the contract's order; of those `wanted` where any is."""
    present = {row["class"] for row in evidence.rows(CLASSES)}
    return [
        case.id
        for case in contracts().use_cases.values()
        if (not wanted or case.id in wanted)
        and present & ({case.equipment_class} if isinstance(case.equipment_class, str) else set(case.equipment_class))
    ]


def answers(options: RunOptions) -> dict[str, Any]:
    """Parameters of validate_register: where a C-MAPSS test file's published answers lie. No other notebook may see them."""
    return {"answers": str(options.data), "subset": options.subset} if options.source == "cmapss" else {}


def serves(evidence: Evidence, use_case: str) -> bool:
    """Does any version that learned from this lakehouse stand in staging or production?"""
    return bool(evidence.one(SERVING, f"acme-{use_case}", use_case))


def results(evidence: Evidence, use_case: str) -> dict[str, Any]:
    """Model version, metrics of its one opening of the test set, rows predicted, and whether it may serve."""
    evaluated = evidence.rows(EVALUATED, use_case)
    found: dict[str, Any] = {"predictions": evidence.rows(PREDICTED, use_case)}
    if evaluated:
        last = evaluated[0]
        found |= {"model_version": last["model_version"], "snapshot_id": last["snapshot_id"]}
        found["metrics"] = json.loads(last["metrics_json"])
    if (row := _registered(evidence, use_case, found.get("model_version"))) is not None:
        found["registry"] = row
    judged = [json.loads(row["counters"]) for row in evidence.rows(VALIDATED)]
    wanted = (f"acme-{use_case}", found.get("model_version"))
    if own := [c for c in judged if (c.get("model"), c.get("model_version")) == wanted]:
        found["failed_gates"] = own[0]["failed"]
    return found


def _registered(evidence: Evidence, use_case: str, version: str | None) -> dict[str, Any] | None:
    """The newest export of the version whose figures are shown; of the highest where none was evaluated."""
    rows = evidence.rows(REGISTERED, f"acme-{use_case}")
    return next((row for row in rows if version in (None, row["version"])), None)
