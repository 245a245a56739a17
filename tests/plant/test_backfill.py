"""A backfill holds a replay's very bytes, stamped; the same rows every time; more engines only add rows."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from acme_lib.contracts import contracts
from acme_lib.plant import backfill
from acme_lib.plant.historian import History, histories
from acme_lib.uns import stamp

RECEIVED_MS = 1_764_000_000_123
LINES = [f"{unit} {cycle} 0.1 -0.2 100.0 {' '.join(map(str, range(21)))}" for unit in (1, 2, 7) for cycle in (1, 2, 3)]


@pytest.fixture
def history(tmp_path: Path) -> History:
    (tmp_path / "train_FD001.txt").write_text("\n".join(LINES))
    return histories("cmapss", tmp_path)[0]


def table(history: History, batch_rows: int = backfill.BATCH_ROWS) -> pa.Table:
    return pa.Table.from_batches(backfill.rows(history, RECEIVED_MS, batch_rows), backfill.schema())


def test_bodies_are_the_replay_s_payloads_byte_by_byte_and_the_bridge_s_stamp(history: History) -> None:
    found = table(history, batch_rows=10)
    sent = [message.payload for message in history.messages()]
    bodies = found["body"].to_pylist()
    assert len(sent) == len(bodies) == 9 * 24 + 3
    for payload, body, partition, offset in zip(
        sent, bodies, found["source_partition"].to_pylist(), found["source_offset"].to_pylist(), strict=True
    ):
        assert body[: len(payload) - 1] == payload[:-1]
        assert body == stamp(payload, RECEIVED_MS, "backfill", partition << 32 | offset)


def test_each_engine_is_a_partition_counted_from_0(history: History) -> None:
    found = table(history)
    for partition in (1, 2, 7):
        mine = found.filter(pa.compute.equal(found["source_partition"], partition))
        assert mine["source_offset"].to_pylist() == list(range(3 * 24 + 1))
    assert set(found["hub"].to_pylist()) == {history.hub}
    assert history.hub.startswith("backfill/cmapss/fd001/train@")


def test_a_second_backfill_is_the_first_and_fewer_engines_are_part_of_it(history: History, tmp_path: Path) -> None:
    again, few = histories("cmapss", tmp_path)[0], histories("cmapss", tmp_path, limit=2)[0]
    assert table(again).equals(table(history))
    rows = {(r["hub"], r["source_partition"], r["source_offset"]): r["body"] for r in table(history).to_pylist()}
    part = {(r["hub"], r["source_partition"], r["source_offset"]): r["body"] for r in table(few).to_pylist()}
    assert len(part) == 2 * (3 * 24 + 1)
    assert part.items() <= rows.items()


def test_other_files_are_another_hub(history: History, tmp_path: Path) -> None:
    (tmp_path / "train_FD001.txt").write_text("\n".join(LINES[:-1]))
    assert histories("cmapss", tmp_path)[0].hub != history.hub


def test_columns_are_those_of_bronze_that_a_hub_fills() -> None:
    types = {"string": pa.string(), "int": pa.int32(), "bigint": pa.int64(), "binary": pa.binary()}
    types["timestamp"] = pa.timestamp("us", tz="UTC")
    own = ("ingested_utc", "enqueued_date")
    columns = [c for c in contracts().tables["bronze_events"].columns if c.name not in own]
    expected = pa.schema([pa.field(c.name, types[c.type], nullable=c.nullable) for c in columns])
    assert backfill.schema() == expected
