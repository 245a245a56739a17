"""A use case's rows: order, hash, and answers that come from outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.models.dataset import Dataset, dataset
from acme_lib.models.store import MemoryStore, shaped

CASE, SPEC = contracts().use_cases["rul"], contracts().feature_specs["turbofan"]
START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
AT0 = int(START.timestamp() * 1_000_000)


def engine(part: str, number: int, frames: int) -> list[dict[str, object]]:
    return [
        {
            "feature_table_version": "turbofan-1", "spec": "turbofan", "complete": True, "missing": [],
            "equipment_id": f"testbed/turbofan/fd001/{part}/engine-{number:03d}",
            "ts_utc": START + timedelta(hours=n), "frame": n + 1, "vector": [float(n), float("nan")],
        }
        for n in range(frames)
    ]  # fmt: skip


def made(rows: list[dict[str, object]]) -> Dataset:
    failure = np.array([AT0 + 3 * HOUR + 60_000_000])
    return dataset(CASE, SPEC, shaped("feature_vectors", rows), {"testbed/turbofan/fd001/train/engine-001": failure})


def test_rows_are_in_order_labelled_and_split_whatever_order_they_come_in() -> None:
    rows = engine("train", 1, 4) + engine("test", 1, 2)
    found = made(rows[::-1])
    assert found.split.tolist() == ["test"] * 2 + ["train"] * 4
    assert found.label[2:].tolist() == [3, 2, 1, 0]
    assert np.isnan(found.label[:2]).all()  # a test engine has no failure: nothing is known of it
    assert found.last.tolist() == [False, True, False, False, False, True]
    assert found.snapshot_id == made(rows).snapshot_id


def test_the_hash_changes_with_any_number() -> None:
    rows = engine("train", 1, 4) + engine("test", 1, 2)
    before = made(rows).snapshot_id
    rows[0]["vector"] = [0.5, float("nan")]
    assert made(rows).snapshot_id != before


def test_answers_count_back_from_the_last_frame_and_are_capped() -> None:
    found = made(engine("train", 1, 4) + engine("test", 1, 3)).answered(
        {"testbed/turbofan/fd001/test/engine-001": 124}, HOUR, 125
    )
    assert found.label[:3].tolist() == [125, 125, 124]


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(Stop, match="build the features first"):
        dataset(CASE, SPEC, shaped("feature_vectors", []), {})


def test_memory_store_appends_reads_and_replaces() -> None:
    store = MemoryStore()
    store.append_rows("evaluation_answers", [{"equipment_id": "a", "remaining": 1.0, "source": "f"}], {})
    store.append_rows("evaluation_answers", [{"equipment_id": "b", "remaining": 2.0, "source": "g"}], {})
    assert store.read("evaluation_answers", {"source": "g"}, ["remaining"]).to_pylist() == [{"remaining": 2.0}]
    store.replace("evaluation_answers", shaped("evaluation_answers", []), {"source": "f"}, {})
    assert store.read("evaluation_answers")["equipment_id"].to_pylist() == ["b"]
