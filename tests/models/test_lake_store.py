"""The store on a lakehouse: what goes in as Arrow comes out as it was, arrays and nulls included."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from acme_lib.lake import Lakehouse
from acme_lib.models.store import MemoryStore, Store, shaped, store_at

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def vector_row(equipment: str, frame: int) -> dict[str, object]:
    return {
        "feature_table_version": "v-1",
        "spec": "turbofan",
        "equipment_id": equipment,
        "ts_utc": NOW,
        "frame": frame,
        "complete": True,
        "missing": ["a"],
        "vector": [1.5, float("nan")],
    }


@pytest.mark.spark
def test_a_lakehouse_and_memory_answer_alike(lake: Lakehouse) -> None:
    def exercised(store: Store) -> list[object]:
        store.append_rows("feature_vectors", [vector_row("a", 1), vector_row("b", 1)], {"run_id": "t"})
        store.append_rows("evaluation_answers", [{"equipment_id": "a'b", "remaining": 1.0, "source": "f"}], {})
        store.replace(
            "evaluation_answers",
            shaped("evaluation_answers", [{"equipment_id": "c", "remaining": 2.0, "source": "g"}]),
            {},
            {},
        )
        store.replace(
            "feature_vectors",
            shaped("feature_vectors", [vector_row("a", 2)]),
            {"equipment_id": "a", "complete": True},
            {},
        )
        rows = store.read("feature_vectors", {"feature_table_version": "v-1"}).sort_by("equipment_id")
        vector = np.array(rows["vector"].to_pylist(), dtype=np.float32)
        told = rows["ts_utc"].to_numpy().astype("datetime64[us]").astype(np.int64)
        answers = store.read("evaluation_answers", columns=["equipment_id"]).to_pylist()
        return [
            rows["frame"].to_pylist(),
            rows["missing"].to_pylist(),
            vector.tobytes(),
            told.tolist(),
            answers,
            len(store.read("ml_evaluations", {"use_case": "x"})),
        ]

    assert exercised(store_at(lake)) == exercised(MemoryStore())
