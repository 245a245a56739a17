"""Suspects and marks by hand: which buckets of 64 numbers may hold a copy, and how far each run has come."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa

from acme_lib.lake.dedupe import raised, suspects

OLD, NOW = datetime(2026, 11, 24, tzinfo=UTC), datetime(2026, 11, 25, tzinfo=UTC)
GROUP = {
    "source_system": "s",
    "topic": "t",
    "epoch": "e",
    "bucket": 0,
    "bits": 1,
    "low": 0,
    "high": 0,
    "doubled": False,
}
KEYS = ("source_system", "topic", "epoch")


def groups(*over: dict[str, Any]) -> pa.Table:
    shape = pa.schema({k: pa.string() for k in KEYS} | {k: pa.int64() for k in ("bucket", "bits", "low", "high")})
    return pa.Table.from_pylist([{**GROUP, **o} for o in over], shape.append(pa.field("doubled", pa.bool_())))


def marks(**reached: int) -> pa.Table:
    rows = [
        {"source_system": "s", "topic": "t", "epoch": e, "max_seq": n, "updated_utc": OLD} for e, n in reached.items()
    ]
    shape = pa.schema(
        {k: pa.string() for k in KEYS} | {"max_seq": pa.int64(), "updated_utc": pa.timestamp("us", "UTC")}
    )
    return pa.Table.from_pylist(rows, shape)


def found(tables: list[pa.Table], known: pa.Table) -> set[tuple[str, int]]:
    return {(r["epoch"], r["bucket"]) for r in suspects(tables, known).to_pylist()}


def test_a_bucket_is_suspect_where_a_number_is_doubled_or_not_above_the_mark() -> None:
    batch = groups(
        {"bucket": 1, "low": 64}, {"bucket": 2, "low": 128, "doubled": True}, {"epoch": "f", "low": 5}, {"epoch": "new"}
    )
    assert found([batch], marks(e=63, f=5)) == {("e", 2), ("f", 0)}
    assert found([batch], marks()) == {("e", 2)}
    assert found([groups()], marks(e=9)) == set()


def test_a_number_that_stands_in_a_plain_and_in_an_odd_row_is_doubled() -> None:
    plain, low, top = groups({"bits": 0b101}, {"bucket": 1, "bits": 1}), 0b010, -(2**63)
    assert found([plain, groups({"bits": low})], marks()) == set()
    assert found([plain, groups({"bits": 0b100}, {"bucket": 1, "bits": top})], marks()) == {("e", 0)}
    assert found([groups({"bits": top}), groups({"bits": top | 1})], marks()) == {("e", 0)}


def test_marks_only_rise_and_say_when() -> None:
    batch = [groups({"high": 7}, {"bucket": 1, "high": 70}, {"epoch": "new", "high": 3}), groups({"high": 80})]
    new = raised(batch, marks(e=75, still=9), NOW).to_pylist()
    assert {r["epoch"]: (r["max_seq"], r["updated_utc"]) for r in new} == {
        "e": (80, NOW), "new": (3, NOW), "still": (9, OLD),
    }  # fmt: skip
    again = raised([groups({"high": 70})], marks(e=75), NOW).to_pylist()
    assert [(r["max_seq"], r["updated_utc"]) for r in again] == [(75, OLD)]
