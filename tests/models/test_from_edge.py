"""The edge's messages in Silver become rows of gold_predictions: one a frame and version, the same at every run."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from acme_lib.models import from_edge
from acme_lib.models.store import MemoryStore

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
START = datetime(2024, 1, 1, tzinfo=UTC)
ENGINE = "testbed/turbofan/fd001/test/engine-001"


def message(suffix: str, value: float | None, **over: Any) -> dict[str, Any]:
    default = {
        "equipment_id": ENGINE, "ts_utc": START, "tag": f"rul_prediction{suffix}", "value_double": value, "quality": "GOOD",
        "lineage_version": "3.0.0", "seq": 4, "correlation_id": "c1", "received_utc": NOW, "enqueued_utc": NOW,
    }  # fmt: skip
    return {**default, **over}


def predicted(*messages: dict[str, Any], use_case: str = "rul") -> list[dict[str, Any]]:
    store = MemoryStore()
    store.append_rows("silver_events", list(messages), {})
    for _ in range(2):
        from_edge.run(from_edge.Config(run_id="r", use_case=use_case), store, NOW)
    return list(store.read("gold_predictions").to_pylist())


def test_three_messages_of_one_correlation_are_one_row() -> None:
    (row,) = predicted(message("", 80.0), message("_low", 60.0), message("_high", 90.0))
    assert (row["prediction"], row["low"], row["high"], row["label"]) == (80, 60, 90, None)
    assert (row["origin"], row["model_version"], row["frame"], row["split"]) == ("edge", "3", 5, "test")
    assert (row["complete"], row["unit"], row["correlation_id"], row["ts_utc"]) == (True, "cycles", "c1", START)


def test_an_incomplete_frame_and_a_training_engine_are_told_apart() -> None:
    (row,) = predicted(message("", 80.0, quality="STALE", equipment_id=ENGINE.replace("test/", "train/")))
    assert (row["complete"], row["split"], row["low"]) == (False, "train", None)


def test_a_bound_alone_is_no_prediction_and_others_messages_are_not_ours() -> None:
    assert predicted(message("_low", 60.0)) == []
    assert predicted(message("", 80.0, correlation_id=None)) == []
    assert predicted(message("", 80.0, equipment_id="testbed/pdm/line-1/cell-1/machine-001")) == []


def test_a_frame_predicted_again_by_the_same_version_keeps_its_first_answer() -> None:
    later = {"correlation_id": "c2", "received_utc": NOW + timedelta(hours=1)}
    found = predicted(message("", 70.0, **later), message("", 80.0), message("", 75.0, lineage_version="4.0.0", **later | {"correlation_id": "c3"}))  # fmt: skip
    assert {(r["model_version"], r["prediction"]) for r in found} == {("3", 80.0), ("4", 75.0)}


def test_use_cases_that_share_a_tag_are_told_apart_by_class() -> None:
    pump = message("", 0.2, tag="failure_24h_prediction", equipment_id="dallas/utilities/line-1/cell-b/pump-01")
    assert predicted(pump, use_case="failure_24h") == []
    assert [r["use_case"] for r in predicted(pump, use_case="failure_24h_plant")] == ["failure_24h_plant"]
