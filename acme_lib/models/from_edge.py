"""The edge's predictions, come back through broker, bridge and Silver, as rows of gold_predictions."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from acme_lib.contracts import UseCase, contracts
from acme_lib.models.inputs import case_of
from acme_lib.models.store import Store, shaped, store_at
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "run"]

COLUMNS = ("equipment_id", "ts_utc", "value_double", "quality", "lineage_version", "seq", "correlation_id", "received_utc", "enqueued_utc")  # fmt: skip
PARTS = {"": "prediction", "_low": "low", "_high": "high"}
Row = dict[str, Any]


class Config(BaseModel):
    """Parameters: whose predictions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"


def run(config: Config, lake: Lakehouse | Store, now: datetime) -> RunRecord:
    """Makes the use case's rows of origin edge anew: the same messages give the same rows."""
    store, case = store_at(lake), case_of(config.use_case)
    with recording(config.run_id, "edge_predictions", now) as record:
        found: dict[str, Row] = {}
        for suffix, part in PARTS.items():
            messages = store.read("silver_events", {"tag": case.prediction_tag + suffix}, COLUMNS).to_pylist()
            record.rows_in += len(messages)
            for message in messages:
                if message["correlation_id"] and message["value_double"] is not None and _asked(case, message):
                    found.setdefault(message["correlation_id"], _row(case, message))[part] = message["value_double"]
        rows = _one_a_frame([row for row in found.values() if "prediction" in row])
        where = {"use_case": case.id, "origin": "edge"}
        store.replace("gold_predictions", shaped("gold_predictions", rows), where, {"run_id": config.run_id})
        record.rows_out = len(rows)
        record.counters = {"frames": len(rows), "without_value": len(found) - len(rows)}
    return record


def _asked(case: UseCase, message: Row) -> bool:
    """Two use cases may share a tag; the equipment's class tells them apart."""
    classes = {case.equipment_class} if isinstance(case.equipment_class, str) else set(case.equipment_class)
    return contracts().assets.class_of(message["equipment_id"]) in classes


def _row(case: UseCase, message: Row) -> Row:
    """The lineage version of an edge's message is its model's: 3.0.0 is version 3."""
    return {
        "use_case": case.id,
        "equipment_id": message["equipment_id"],
        "ts_utc": message["ts_utc"],
        "frame": None if message["seq"] is None else message["seq"] + 1,
        "model_version": message["lineage_version"].split(".")[0],
        "origin": "edge",
        "split": _split(case, message["equipment_id"]),
        "complete": message["quality"] == "GOOD",
        "unit": case.unit,
        "correlation_id": message["correlation_id"],
        "predicted_utc": message["received_utc"] or message["enqueued_utc"],
    }


def _split(case: UseCase, equipment: str) -> str:
    """By equipment where the use case splits so; else what an edge predicts lies after training."""
    if case.split.test != "equipment":
        return "test"
    return "test" if re.fullmatch(case.split.equipment or "", equipment) else "train"


def _one_a_frame(rows: list[Row]) -> list[Row]:
    """A frame predicted again by the same version (features that had to start anew): the first answer stands."""
    kept: dict[tuple[Any, ...], Row] = {}
    for row in sorted(rows, key=lambda r: r["predicted_utc"]):
        kept.setdefault((row["equipment_id"], row["ts_utc"], row["model_version"]), row)
    return list(kept.values())
