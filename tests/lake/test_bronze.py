"""Bronze holds each offset once: repeated batches, lost checkpoints, backfills; and it names what a hub lost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.lake.bronze import TABLES, append_raw, from_kafka
from acme_lib.lake.bronze_stream import starting_offsets
from acme_lib.lake.kafka_log import lost_ranges
from acme_lib.lake.local_rows import local_rows
from acme_lib.lake.marks import Slice, merged, slices
from acme_lib.monitoring import JsonlAudit
from acme_lib.uns import Rejected, dead_letter
from tests.lake.raw_rows import NOW, body, fill, raw

KAFKA = "key binary, value binary, topic string, partition int, offset bigint, timestamp timestamp, timestampType int"


def logged(spark: Any, rows: list[tuple[Any, ...]]) -> Any:
    names = [part.split()[0] for part in KAFKA.split(", ")]
    return local_rows(spark, [dict(zip(names, row, strict=True)) for row in rows], KAFKA)


@pytest.mark.spark
def test_a_repeated_batch_adds_only_what_is_above_the_marks(lake: Any) -> None:
    fill(lake, [body(i) for i in range(5)])
    again = append_raw(lake, raw(lake.spark, [body(i) for i in range(8)]), {"run_id": "x"})
    assert (again.rows, again.note["through"], again.note["first"]) == (3, {"telemetry/0": 7}, {"telemetry/0": 0})
    fill(lake, [body(1)], start=0, partition=1)
    fill(lake, [b"x"], start=3, hub="backfill/a/b")
    fill(lake, [b"x"], start=3, hub="backfill/a/b")
    rows = lake.read("bronze_events").select("hub", "source_partition", "source_offset").collect()
    assert len(rows) == len(set(rows)) == 10
    assert lake.note("bronze_events")["through"] == {"telemetry/0": 7, "telemetry/1": 0, "backfill/a/b/0": 3}


@pytest.mark.spark
def test_where_it_is_known_how_far_the_rows_reach_they_are_appended_at_once(lake: Any) -> None:
    rows = raw(lake.spark, [body(i) for i in range(8)])
    first = append_raw(lake, raw(lake.spark, [body(i) for i in range(5)]), {}, ends={"telemetry/0": 5})
    assert (first.rows, first.note["first"]) == (5, {"telemetry/0": 0})  # the partition's first rows are looked at
    more = append_raw(lake, rows, {}, ends={"telemetry/0": 10})  # the hub's log may skip offsets: 8 and 9 hold nothing
    assert (more.rows, more.note["through"], more.note["first"]) == (3, {"telemetry/0": 9}, {"telemetry/0": 0})
    again = append_raw(lake, rows, {}, ends={"telemetry/0": 10})
    assert (again.rows, again.version) == (0, more.version)
    assert lake.read("bronze_events").count() == 8


@pytest.mark.spark
def test_kafka_rows_keep_their_bytes_and_say_when_they_were_received(lake: Any) -> None:
    letter = dead_letter(Rejected("SCHEMA_INVALID", "NOT_JSON"), "acme/x", b"\xff{", 1795561199000, "bridge-1", 7, None)
    kafka = [
        (b"k", body(1), "telemetry", 2, 5, NOW, 0),
        (None, b"\xff", "telemetry", 2, 6, NOW, 0),
        (None, None, "telemetry", 2, 7, NOW, 0),
    ]
    append_raw(lake, from_kafka(logged(lake.spark, kafka), NOW), {})
    letters = [(None, letter, "telemetry-dlq", 0, 0, NOW, 0), (None, b"no letter", "telemetry-dlq", 0, 1, NOW, 0)]
    append_raw(lake, from_kafka(logged(lake.spark, letters), NOW), {}, TABLES["telemetry-dlq"])
    rows = lake.read("bronze_events").orderBy("source_offset").collect()
    assert [r["body"] and bytes(r["body"]) for r in rows] == [body(1), b"\xff", None]
    received = [r["received_utc"] and r["received_utc"].astimezone(UTC) for r in rows]
    assert received == [datetime.fromtimestamp(1795561199, UTC), None, None]
    assert (rows[0]["key"], rows[0]["enqueued_date"].isoformat()) == ("k", "2026-11-24")
    dead, other = lake.read("bronze_dead_letters").orderBy("source_offset").collect()
    assert (dead["reason"], dead["detail"], bytes(dead["original"]), dead["bridge_seq"]) == (
        "SCHEMA_INVALID",
        "NOT_JSON",
        b"\xff{",
        7,
    )
    assert (other["reason"], bytes(other["body"])) == (None, b"no letter")


def test_a_query_without_checkpoint_starts_behind_the_tables_marks() -> None:
    log = {0: (0, 50), 1: (30, 40), 2: (0, 0)}
    assert (
        starting_offsets("telemetry", {"telemetry/0": 41, "telemetry/1": 12}, log)
        == '{"telemetry": {"0": 42, "1": 30, "2": 0}}'
    )


def test_what_the_hub_lost_is_named() -> None:
    marks = {"telemetry/0": 41, "telemetry/1": 12, "telemetry/2": 99}
    lost = lost_ranges("telemetry", marks, {0: (42, 50), 1: (30, 40), 2: (0, 3), 3: (5, 9)})
    assert lost[0] == "partition 1 offsets 13 to 29 went by retention"
    assert lost[1].startswith("partition 2 ends at 2 but was read to 99: the hub was made anew")
    assert len(lost) == 2


def test_slices_cover_every_offset_once_and_stay_small() -> None:
    first, done, end = {"a/0": 100, "b/c/1": 0}, {"a/0": 119, "d/2": 5}, {"a/0": 150, "b/c/1": 3, "d/2": 5, "e/0": 0}
    for most in (1, 2, 7, 1000):
        found, covered = list(slices(first, done, end, most)), {k: set[int]() for k in end}
        for piece in found:
            assert 0 < piece.size() <= most
            for k, high in piece.high.items():
                new = set(range(piece.low[k] + 1, high + 1))
                assert not new & covered[k]
                covered[k] |= new
        assert covered == {"a/0": set(range(120, 151)), "b/c/1": {0, 1, 2, 3}, "d/2": set(), "e/0": {0}}


@pytest.mark.spark
def test_many_partitions_are_cut_by_a_join_just_as_few_by_ranges(spark: Any) -> None:
    listed = [{"hub": "h", "source_partition": p, "source_offset": o} for p in range(20) for o in range(4)]
    rows = local_rows(spark, listed, "hub string, source_partition int, source_offset bigint")
    low, high = {f"h/{p}": p % 3 for p in range(20)}, {f"h/{p}": 2 for p in range(20)}
    many = {(r[1], r[2]) for r in Slice(low, high).of(rows).collect()}
    assert many == {(p, o) for p in range(20) for o in range(p % 3 + 1, 3)}
    assert merged({"a": 1, "b": 5}, {"a": 3}) == {"a": 3, "b": 5}


def broken_checkpoint(home: Any) -> Any:
    root = home / "checkpoints" / "bronze_events"
    (root / "offsets").mkdir(parents=True)
    (root / "commits").mkdir()
    (root / "commits" / "0").write_text('v1\n{"nextBatchWatermarkMs":0}')
    (root / "metadata").write_text('{"id":"1"}')
    (root / "offsets" / "0").write_text('v1\n{"batchWatermarkMs":0}\n{"telemetry":{"0":5}}')
    return root


def test_a_corrupt_checkpoint_names_the_command_that_rebuilds_it(home: Any) -> None:
    from acme_lib.lake import checkpoint

    root = broken_checkpoint(home)
    checkpoint.check("bronze_events", {"telemetry/0": 4})
    with pytest.raises(Stop, match=r"ahead of the table \(telemetry/0\)"):
        checkpoint.check("bronze_events", {"telemetry/0": 3})
    (root / "offsets" / "1").write_bytes(b"")
    with pytest.raises(Stop, match="acme lake rebuild-checkpoint bronze_events"):
        checkpoint.check("bronze_events", {"telemetry/0": 4})
    assert checkpoint.rebuild("bronze_events", None, "me", NOW)["existed"]
    assert root.is_dir()
    audit = JsonlAudit(home / "audit.jsonl")
    checkpoint.rebuild("bronze_events", audit, "me", NOW)
    checkpoint.check("bronze_events", {})
    assert not root.exists()
    assert audit.verify() == 1
    with pytest.raises(WrongUse, match="has no checkpoint"):
        checkpoint.rebuild("silver_events", None, "me", NOW)


@pytest.mark.spark
def test_dead_letters_open_one_alert_which_a_run_without_them_closes(lake: Any) -> None:
    from acme_lib.lake.letters_alert import none_came, taken
    from acme_lib.monitoring import LakeAlerts

    alerts, table = LakeAlerts(lake), TABLES["telemetry-dlq"]
    none_came(lake, alerts, "quiet", NOW)
    assert not lake.exists("ops_alerts")
    for start in (0, 2):
        rows = raw(lake.spark, [b"{}", b"{}"], start=start, hub="telemetry-dlq")
        append_raw(lake, rows, {"run_id": "r", **taken(lake, alerts, 2, NOW)}, table)
    (alert,) = alerts.rows()
    assert (alert.rule, alert.key, alert.value, alert.closed_utc) == (
        "dead_letters_seen",
        table,
        "2 in the first batch",
        None,
    )
    none_came(lake, alerts, "quiet", NOW)
    closed = lake.version("ops_alerts")
    none_came(lake, alerts, "quieter", NOW)
    assert [a.closed_utc for a in alerts.rows()] == [NOW]
    assert lake.version("ops_alerts") == closed
    assert lake.note(table)["through"] == {"telemetry-dlq/0": 3}
    taken(lake, alerts, 1, NOW)
    assert [a.closed_utc for a in alerts.rows()].count(None) == 1
    assert lake.read(table).count() == 4
