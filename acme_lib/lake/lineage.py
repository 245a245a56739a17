"""Lineage: per run from the tables' own commits, and one message followed to its exact rows and files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.gold_time import timestamp
from acme_lib.lake.lakehouse import Commit, Lakehouse

__all__ = ["Inputs", "find_topic_seq", "follow", "record_run"]

PLACE = ("hub", "source_partition", "source_offset")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Delta versions a Gold run read: Silver's, and the Bronze version that Silver's own commit names."""

    silver_version: int
    bronze_version: int | None


def record_run(
    lake: Lakehouse,
    messages: Mapping[str, int],
    note: Mapping[str, Any],
    inputs: Inputs,
    commits: Sequence[Commit],
    now: datetime,
) -> Commit:
    """Adds the run to metadata_lineage, a row a topic and Gold table. `messages`: Silver rows of each topic.

    Versions and the transformation version are those of `commits`, read back from the tables after they were written;
    `note` carries the run and its mark. The same run again replaces its rows.
    """
    run_id, table = str(note["run"]), "metadata_lineage"
    same = {
        "run_id": run_id,
        "bronzePath": lake.path("bronze_events"),
        "silverTable": "silver_events",
        "bronze_version": inputs.bronze_version,
        "silver_version": inputs.silver_version,
        "recorded_utc": now,
    }
    rows = [
        {
            **same,
            "sourceTopic": topic,
            "message_count": count,
            "goldTable": c.table,
            "gold_version": c.version,
            "transformationVersion": str(c.note.get("version", "")),
        }
        for topic, count in messages.items()
        for c in commits
    ]
    frame = lake.frame(table, rows)
    name = run_id.replace("\\", "\\\\").replace("'", "\\'")
    return lake.replace(table, frame, dict(note), f"run_id = '{name}'")


def with_file(rows: DataFrame) -> DataFrame:
    return rows.withColumn("file", F.col("_metadata.file_path"))


def found(lake: Lakehouse, table: str, where: Column, names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of a table as plain values, with the Parquet file each lies in."""
    if not lake.exists(table):
        return []
    rows = with_file(lake.read(table).where(where)).select(*names, "file")
    return [r.asDict() for r in rows.collect()]


def find_topic_seq(lake: Lakehouse, topic: str, seq: int) -> list[str]:
    """Message ids published on a topic under one seq; one an epoch."""
    rows = lake.read("silver_events").where((F.col("topic") == topic) & (F.col("seq") == seq))
    return sorted({r[0] for r in rows.select("message_id").collect()})


def follow(lake: Lakehouse, message_id: str) -> dict[str, Any]:
    """Every row a message became, layer by layer; empty lists where a layer has none."""
    wanted = message_id.lower()
    inside = F.lower(F.col("body").cast("string")).contains(wanted)
    bronze = found(lake, "bronze_events", inside, (*PLACE, "enqueued_utc", "received_utc", "ingested_utc"))
    dead = F.lower(F.col("original").cast("string")).contains(wanted)
    letters = found(lake, "bronze_dead_letters", dead, (*PLACE, "reason", "detail", "topic", "enqueued_utc"))
    names = (*PLACE, "message_id", "topic", "tag_key", "ts_utc", "quality", "in_gold", "dq_flags", "epoch", "seq")
    silver = found(lake, "silver_events", F.col("message_id") == wanted, names)
    layers = {"bronze_events": bronze, "bronze_dead_letters": letters, "silver_events": silver, **_gold(lake, silver)}
    commits = {name: lake.last_commit(name) for name in layers if lake.exists(name)}
    versions = {
        name: {"version": c.version, "transformationVersion": lake.note(name).get("version")}
        for name, c in commits.items()
    }
    return {"message_id": wanted, "layers": layers, "versions": versions}


def _gold(lake: Lakehouse, silver: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    hourly: list[dict[str, Any]] = []
    daily: list[dict[str, Any]] = []
    for row in silver:
        us = F.unix_micros(F.lit(row["ts_utc"]))
        hour = timestamp(us - F.pmod(us, F.lit(3_600_000_000)))
        key = F.col("tag_key") == row["tag_key"]
        started = (F.col("hour_utc") == hour) & (F.col("period_utc") <= F.lit(row["ts_utc"]))
        parts = found(
            lake, "gold_hourly", key & started, ("tag_key", "hour_utc", "period_utc", "date_key", "good_count")
        )
        parts = sorted(parts, key=lambda r: r["period_utc"])[-1:]
        hourly += parts
        for part in parts:
            day = key & (F.col("date_key") == part["date_key"])
            daily += found(lake, "gold_daily", day, ("tag_key", "production_date", "day_seconds", "good_count"))
    return {"gold_hourly": hourly, "gold_daily": daily}
