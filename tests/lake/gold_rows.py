"""Rows of Silver for Gold's tests: one default reading and overrides, and the batches whose Gold is known by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

DRYER = "acme/dallas/drying/line-1/cell-a/dryer-01/"
MOTOR = "acme/leipzig/packaging/line-1/cell-a/motor-01/"
PACKER = "acme/leipzig/packaging/line-2/cell-a/motor-02/"
COMPRESSOR = "acme/leipzig/packaging/line-2/cell-a/compressor-02/"
PUMP = "acme/dallas/utilities/line-1/cell-b/pump-01/"
FEEDER = "acme/dallas/drying/line-1/cell-a/dryer-02/"
AUSTIN = "acme/austin/area/line-1/cell/plant-001/"
ADELAIDE = "acme/adelaide/area/line-1/cell/plant-002/"
T0 = datetime(2026, 11, 24, 10, tzinfo=UTC)


def at(minutes: float, day: datetime = T0) -> datetime:
    return day + timedelta(minutes=minutes)


def reading(topic: str, ts: datetime, value: Any, offset: int, **over: Any) -> dict[str, Any]:
    """One row of silver_events, GOOD unless told otherwise."""
    levels = topic.split("/")
    row: dict[str, Any] = {
        "message_id": f"id-{topic}-{ts.isoformat()}-{over.get('seq', '')}",
        "ts_utc": ts,
        "event_date": ts.astimezone(UTC).date(),
        "topic": topic,
        **dict(zip(("site", "area", "line", "cell", "equipment", "tag"), levels[1:], strict=True)),
        "equipment_id": "/".join(levels[1:6]),
        "value_double": float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None,
        "value_bool": value if isinstance(value, bool) else None,
        "value_string": value if isinstance(value, str) else None,
        "quality": "GOOD",
        "units": "",
        "source_system": "test",
        "lineage_version": "1",
        "schema_version": "1.0.0",
        "seq": None,
        "replayed": False,
        "enqueued_utc": ts,
        "hub": "telemetry",
        "source_partition": 0,
        "source_offset": offset,
        "body_hash": crc32(repr((topic, ts, value)).encode()),
        "dq_flags": [],
    } | over
    row.setdefault("in_gold", row["quality"] == "GOOD" and not row["dq_flags"])
    return row


def add(lake: Any, rows: list[dict[str, Any]], hub_end: int | None = None) -> None:
    """Appends to silver_events in one commit that carries its mark, as the Silver job does."""
    from pyspark.sql import functions as F

    from acme_lib.lake import schema
    from acme_lib.lake.local_rows import local_rows

    frame = local_rows(lake.spark, rows, schema("silver_events")).withColumn("tag_key", F.xxhash64("topic"))
    end = max(r["source_offset"] for r in rows) if hub_end is None else hub_end
    lake.append("silver_events", frame.coalesce(1), {"through": {"telemetry/0": end}, "version": "test"})


CHANGES = datetime(2026, 11, 1, 12, tzinfo=UTC)  # Chicago's clocks went back that morning
SAMPLE = [
    reading(DRYER + "current", at(0), 10, 0),
    reading(DRYER + "current", at(5), 30, 1),
    reading(DRYER + "current", at(55), 20, 2),
    reading(DRYER + "current", at(57), 999, 3, quality="STALE"),
    reading(DRYER + "current", at(58), 999, 4, in_gold=False, dq_flags=["RANGE"]),
    reading(DRYER + "total_count", at(10), 100, 5),
    reading(DRYER + "total_count", at(50), 130, 6),
    reading(DRYER + "total_count", at(70), 5, 7),
    reading(DRYER + "total_count", at(80), 9, 8),
    reading(DRYER + "state", at(0), "EXECUTE", 9),
    reading(DRYER + "state", at(50), "ABORTED", 10),
    reading(DRYER + "state", at(62), "EXECUTE", 11),
    reading(DRYER + "failure", at(45), "bearing", 12),
    reading(DRYER + "speed", at(0, CHANGES), 50, 13),
    reading(DRYER + "speed", at(-30, CHANGES), 40, 14),
    reading(MOTOR + "speed", datetime(2026, 3, 29, 3, 30, tzinfo=UTC), 50, 15),
    reading(MOTOR + "speed", datetime(2026, 3, 29, 2, 50, tzinfo=UTC), 20, 16),
]

ID = "0b0e6a5e-6f0f-5a53-9d3c-2f1d3c4b5a69"
STANDSTILLS = [
    reading(PACKER + "state", at(0), "EXECUTE", 0),
    reading(PACKER + "state_reason", at(30), "belt-torn", 1),
    reading(PACKER + "state", at(30), "ABORTED", 2, message_id=ID, seq=7),
    reading(PACKER + "state", at(40), "ABORTED", 3),
    reading(PACKER + "state_reason", at(50), "", 4),
    reading(PACKER + "state", at(50), "EXECUTE", 5),
    reading(COMPRESSOR + "state", at(0), "HELD", 6),
    reading(COMPRESSOR + "state", at(3 * 1440), "STARVED", 7),
]
CUTS = [
    # Austin's day begins at 05:30 on the wall, 11:30Z in winter: inside the hour of 11:00Z
    reading(AUSTIN + "current", at(80), 10, 0),
    reading(AUSTIN + "current", at(100), 20, 0),
    # Adelaide's clocks went forward; 06:00 on its wall is 19:30Z from then on
    reading(ADELAIDE + "current", datetime(2026, 10, 3, 19, 20, tzinfo=UTC), 8, 0),
]
EARLY = [
    reading(PUMP + "current", at(290), 10, 0),
    reading(PUMP + "current", at(330), 30, 0),
    reading(FEEDER + "total_count", at(250), 100, 0),
    reading(FEEDER + "total_count", at(380), 160, 0),
    reading(PUMP + "state_reason", at(240), "jam", 0),
    reading(PUMP + "state", at(250), "ABORTED", 0),
    reading(PUMP + "state", at(260), "ABORTED", 0),
    reading(PUMP + "state", at(270), "EXECUTE", 0),
]
LATE = [
    reading(PUMP + "current", at(298), 20, 0),
    reading(FEEDER + "total_count", at(290), 130, 0),
    reading(PUMP + "state", at(255), "HELD", 0),
    reading(PUMP + "state", at(410), "STARVED", 0),
]
