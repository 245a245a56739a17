"""One message through every layer, for the report: its rows and the files that hold them, read without Spark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acme_lib.run.evidence import Evidence

__all__ = ["sample", "through_layers"]

SAMPLE = """SELECT message_id FROM silver_events s JOIN gold_hourly g ON g.tag_key = s.tag_key AND g.hour_utc = date_trunc('hour', s.ts_utc)
WHERE g.kind = 'gauge' AND s.in_gold ORDER BY s.ts_utc DESC, s.message_id LIMIT 1"""


def sample(evidence: Evidence) -> str | None:
    """A message that reached Gold; None where none did."""
    found: str | None = evidence.one(SAMPLE)
    return found


def through_layers(evidence: Evidence, message_id: str) -> list[dict[str, Any]]:
    """Per layer: table, the row's coordinates, and the Parquet file that holds it."""
    silver = evidence.rows("SELECT * FROM silver_events WHERE message_id = ? LIMIT 1", message_id)
    if not silver:
        return []
    row = silver[0]
    place = [row["hub"], row["source_partition"], row["source_offset"]]
    hour = evidence.rows(
        "SELECT hour_utc, value_avg, good_count FROM gold_hourly WHERE tag_key = ? AND hour_utc = date_trunc('hour', ?::TIMESTAMPTZ)",
        row["tag_key"], row["ts_utc"],
    )  # fmt: skip
    sent = evidence.rows("SELECT n, sent_utc FROM published WHERE message_id = ? ORDER BY n LIMIT 1", message_id)
    steps = (
        [("published", row["topic"], f"number {sent[0]['n']}, acknowledged {sent[0]['sent_utc']:%H:%M:%S.%f}"[:-3], "")]
        if sent
        else []
    )
    steps.append(
        (
            "bronze_events",
            f"{place[0]} partition {place[1]} offset {place[2]}",
            f"stored {row['enqueued_utc']:%Y-%m-%d %H:%M:%S}",
            _file(evidence, "bronze_events", "hub = ? AND source_partition = ? AND source_offset = ?", place),
        )
    )
    steps.append(
        (
            "silver_events",
            f"{row['equipment_id']} / {row['tag']}",
            f"{_value(row)} {row['units']} {row['quality']} at {row['ts_utc']:%Y-%m-%d %H:%M:%S}",
            _file(evidence, "silver_events", "message_id = ?", [message_id]),
        )
    )
    if hour:
        steps.append(
            (
                "gold_hourly",
                f"hour {hour[0]['hour_utc']:%Y-%m-%d %H}:00 UTC",
                f"mean {hour[0]['value_avg']:.3f} of {hour[0]['good_count']} readings",
                _file(evidence, "gold_hourly", "tag_key = ? AND hour_utc = ?", [row["tag_key"], hour[0]["hour_utc"]]),
            )
        )
    return [{"layer": a, "where": b, "what": c, "file": d} for a, b, c, d in steps]


def _value(row: dict[str, Any]) -> Any:
    return next(v for v in (row["value_double"], row["value_bool"], row["value_string"]) if v is not None)


def _file(evidence: Evidence, table: str, where: str, args: list[Any]) -> str:
    from deltalake import DeltaTable

    root = evidence.lakehouse / "Tables" / table
    files = [str(Path(f.removeprefix("file://"))) for f in DeltaTable(str(root)).file_uris()]
    found = evidence.one(
        f"SELECT filename FROM read_parquet({files!r}, filename = true, hive_partitioning = true) WHERE {where} LIMIT 1",
        *args,
    )
    return str(Path(found).relative_to(root.resolve())) if found else ""
