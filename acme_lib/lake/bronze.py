"""The Bronze job: what the hubs hold, untouched, each offset once whatever happens to checkpoints and batches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.lake import letters_alert
from acme_lib.lake.lakehouse import Commit, Lakehouse
from acme_lib.lake.marks import Marks, above, key, merged, observed, through
from acme_lib.lake.version import transformation_version
from acme_lib.monitoring import LakeAlerts, RunRecord, recording

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["TABLES", "Config", "append_backfill", "append_raw", "from_kafka", "received_utc", "run"]

TABLES = {"telemetry": "bronze_events", "telemetry-dlq": "bronze_dead_letters"}
GROUPS = {"telemetry": "bronze-ingest", "telemetry-dlq": "dlq-processing"}
LETTER = (
    "reason string, detail string, topic string, receivedUtc string, original string, originalBytes bigint, "
    "claimCheck string, bridgeId string, bridgeSeq bigint"
)
ROWS_A_COMMIT = 400_000


class Config(BaseModel):
    """Parameters of one run. `available_now` ends when the hubs are read; `continuous` ends after `for_s`, or never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    max_offsets_per_trigger: int = Field(500_000, ge=1)
    trigger: Literal["available_now", "continuous"] = "available_now"
    processing_time_s: float = Field(2.0, gt=0, description="seconds between batches of a continuous run")
    for_s: float | None = Field(None, gt=0, description="seconds after which a continuous run ends")
    accept_lost: bool = Field(False, description="go on although the hub no longer holds what was not read yet")


def run(config: Config, lake: Lakehouse, now: datetime) -> RunRecord:
    """Reads every hub into its table. Raises Stop: a lost range, a corrupt checkpoint, an unreachable hub."""
    from acme_lib.lake.bronze_stream import ingest

    with recording(config.run_id, "bronze_ingest", now) as record:
        record.counters = ingest(config, lake)
        record.rows_in = record.rows_out = sum(int(record.counters[t]) for t in TABLES.values())
        record.bytes_out = int(record.counters["bytes"])
        if record.counters[TABLES["telemetry"]] and not record.counters[TABLES["telemetry-dlq"]]:
            letters_alert.none_came(lake, LakeAlerts(lake), config.run_id, now)
    return record


def received_utc(text: Column) -> Column:
    """The stamp's receivedUtc: looked for from the end, where the bridge writes it; null where the body has none."""
    tail = F.substring_index(text, '"receivedUtc":"', -1)
    found = F.substring_index(tail, '"', 1)
    return F.when(F.length(found) == 24, found.try_cast("timestamp"))


def from_kafka(batch: DataFrame, now: datetime) -> DataFrame:
    """In: Spark's Kafka columns. Out: bronze_events."""
    return dated(
        batch.select(
            F.col("topic").alias("hub"),
            F.col("partition").alias("source_partition"),
            F.col("offset").alias("source_offset"),
            F.col("key").cast("string").alias("key"),
            F.col("value").alias("body"),
            F.col("timestamp").alias("enqueued_utc"),
        ).withColumn("received_utc", received_utc(F.col("body").cast("string"))),
        now,
    )


def letters(rows: DataFrame) -> DataFrame:
    """In: bronze_events' columns of the dead-letter hub. Out: bronze_dead_letters."""
    read = rows.withColumn("letter", F.from_json(F.col("body").cast("string"), LETTER))
    return read.withColumns(
        {
            "reason": F.col("letter.reason"),
            "detail": F.col("letter.detail"),
            "topic": F.col("letter.topic"),
            "received_utc": F.col("letter.receivedUtc").try_cast("timestamp"),
            "original": F.expr("try_to_binary(letter.original, 'base64')"),
            "original_bytes": F.col("letter.originalBytes"),
            "claim_check": F.col("letter.claimCheck"),
            "bridge_id": F.col("letter.bridgeId"),
            "bridge_seq": F.col("letter.bridgeSeq"),
        }
    )


def dated(rows: DataFrame, now: datetime) -> DataFrame:
    return rows.withColumns({"ingested_utc": F.lit(now), "enqueued_date": F.to_date("enqueued_utc")})


def append_raw(
    lake: Lakehouse, rows: DataFrame, note: dict[str, Any], table: str = "bronze_events", ends: Marks | None = None
) -> Commit:
    """Appends the rows above the table's marks and raises the marks in the same commit.

    In: `table`'s columns, for bronze_dead_letters those of bronze_events. Appending the same rows again changes nothing.
    Where nothing is new, nothing is committed: the Commit then has no rows and the version before. `ends`: the next offset
    of each partition behind the rows, where it is known; it spares looking for it, which costs as much as the append.
    """
    old = lake.note(table)
    if ends and ends.keys() <= old.get("first", {}).keys():
        return _append_to(lake, rows, note, table, {k: end - 1 for k, end in ends.items()})
    fresh = above(rows, through(old)).persist()
    try:
        low, high, count = observed(fresh)
        if not count:
            return Commit(table, lake.version(table), 0, 0, old)
        first = {**low, **old.get("first", {})}
        return _appended(lake, fresh, note, table, merged(through(old), high), first)
    finally:
        fresh.unpersist()


def _append_to(lake: Lakehouse, rows: DataFrame, note: dict[str, Any], table: str, high: Marks) -> Commit:
    """`append_raw` where it is known how far the rows reach."""
    old = lake.note(table)
    done = through(old)
    if all(done.get(k, -1) >= offset for k, offset in high.items()):
        return Commit(table, lake.version(table), 0, 0, old)
    return _appended(lake, above(rows, done), note, table, merged(done, high), old["first"])


def _appended(lake: Lakehouse, rows: DataFrame, note: dict[str, Any], table: str, through: Marks, first: Marks) -> Commit:  # fmt: skip
    marks = {"through": through, "first": first}
    shaped = letters(rows) if table == TABLES["telemetry-dlq"] else rows
    return lake.append(table, shaped, {"version": transformation_version(), **note, **marks})


def append_backfill(hub: str, batches: Iterable[pa.RecordBatch], lake: Lakehouse, now: datetime) -> int:
    """Appends a historian's rows (plant.backfill.schema()) as hub `hub`; returns how many were new.

    Rows of one partition come in the order of their offsets, which are the same in every run: repeating adds nothing.
    """
    import pyarrow as pa

    added, held = 0, list[pa.RecordBatch]()
    for batch in batches:
        held.append(batch)
        if sum(b.num_rows for b in held) >= ROWS_A_COMMIT:
            added, held = added + _append_arrow(hub, held, lake, now), []
    return added + (_append_arrow(hub, held, lake, now) if held else 0)


def _append_arrow(hub: str, batches: list[pa.RecordBatch], lake: Lakehouse, now: datetime) -> int:
    """`append_raw` for rows on the driver: what is new and the marks are known without a pass of Spark's."""
    import pyarrow as pa

    old = lake.note("bronze_events")
    done = through(old)
    fresh = _above(pa.Table.from_batches(batches), hub, done)
    if not fresh.num_rows:
        return 0
    spans = fresh.group_by("source_partition").aggregate([("source_offset", "min"), ("source_offset", "max")])
    partitions, low, high = (spans[name].to_pylist() for name in spans.column_names)
    keys = [key(hub, partition) for partition in partitions]
    marks = {
        "through": merged(done, dict(zip(keys, high, strict=True))),
        "first": {**dict(zip(keys, low, strict=True)), **old.get("first", {})},
    }
    rows = dated(lake.spark.createDataFrame(fresh), now)
    return lake.append("bronze_events", rows, {"version": transformation_version(), "run_id": hub, **marks}).rows


def _above(rows: pa.Table, hub: str, done: Marks) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    partitions = pc.unique(rows["source_partition"])
    marks = pa.array([done.get(key(hub, p), -1) for p in partitions.to_pylist()], pa.int64())
    mark = pc.take(marks, pc.index_in(rows["source_partition"], value_set=partitions))
    return rows.filter(pc.greater(rows["source_offset"], mark))
