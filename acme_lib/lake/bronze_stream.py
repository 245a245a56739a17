"""Spark's Kafka source into Bronze: where a query starts, what it refuses, and how its batches are committed."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING

from pyspark.errors import StreamingQueryException

from acme_lib import runtime
from acme_lib.errors import Stop
from acme_lib.lake.bronze import GROUPS, TABLES, append_raw, from_kafka
from acme_lib.lake.checkpoint import check, corrupt, folder, planned
from acme_lib.lake.gold_small import FEW, planned_for
from acme_lib.lake.kafka_log import lost_ranges, ranges
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.letters_alert import taken
from acme_lib.lake.marks import key, merged, through
from acme_lib.monitoring import LakeAlerts
from acme_lib.settings import settings

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.streaming import StreamingQuery

    from acme_lib.lake.bronze import Config

__all__ = ["ingest", "starting_offsets"]

LETTERS_SLOWER = 5  # dead letters wait so many triggers: a batch costs the same however little is in it
REPLAY_FAULT = 'the return value of "scala.Option.get()" is null'


def starting_offsets(hub: str, marks: dict[str, int], log: dict[int, tuple[int, int]]) -> str:
    """Spark's startingOffsets: behind the table's mark, or where the log begins (read on for what was lost)."""
    start = {p: max(first, marks.get(key(hub, p), -1) + 1) for p, (first, _) in log.items()}
    return json.dumps({hub: {str(p): offset for p, offset in sorted(start.items())}})


def ingest(config: Config, lake: Lakehouse) -> dict[str, int]:
    """Runs a query a hub until all have ended or `for_s` is over; returns rows a table, and bytes.

    Raises Stop as soon as one has failed; the other is then stopped too.
    """
    written: dict[str, int] = {**dict.fromkeys(TABLES.values(), 0), "bytes": 0}
    bounded = config.trigger == "continuous" and config.for_s is not None
    replayed: set[str] = set()
    queries: dict[str, StreamingQuery] = {}
    try:
        for hub in TABLES:
            queries[hub] = _start(hub, config, lake, written)
        until = monotonic() + (config.for_s or 0) if bounded else None
        while queries and _one_ended(lake.spark, until):
            for hub in [h for h, query in queries.items() if not query.isActive]:
                if _replays(hub, queries.pop(hub), replayed):
                    queries[hub] = _start(hub, config, lake, written)
    finally:
        for query in queries.values():
            query.stop()
    return written


def _one_ended(spark: SparkSession, until: float | None) -> bool:
    """Waits until one of the session's queries has ended; False where that took until `until`."""
    left = None if until is None else max(0.001, until - monotonic())
    with suppress(StreamingQueryException):  # each query is asked for its own error
        if spark.streams.awaitAnyTermination(left) is False:
            return False
    spark.streams.resetTerminated()  # before the queries are looked at: whichever ends from here on wakes us again
    return True


def _replays(hub: str, query: StreamingQuery, replayed: set[str]) -> bool:
    """Whether the ended query has to be started again, once: after a batch of a killed run, which is committed by then.

    Spark 4.1's Kafka source fails in its progress report after such a batch, for it has not asked for the hub's end yet.
    Raises Stop for any other fault.
    """
    fault = query.exception()
    if fault is None:
        return False
    if hub in replayed or REPLAY_FAULT not in str(fault):
        raise _named(hub, fault) from fault
    replayed.add(hub)
    return True


def _start(hub: str, config: Config, lake: Lakehouse, written: dict[str, int]) -> StreamingQuery:
    from acme_lib.eventhubs import source_options

    table, group = TABLES[hub], GROUPS[hub]
    options = source_options([hub], group, settings())
    log, marks = ranges(lake.spark, hub, options), through(lake.note(table))
    lost = lost_ranges(hub, marks, log)
    if lost and not config.accept_lost:
        raise Stop(
            f"hub {hub} lost what {table} has not read: {'; '.join(lost)}; restore it, or run with accept_lost to go on without"
        )
    check(table, merged(marks, {key(hub, p): first - 1 for p, (first, _) in log.items()}))
    stream = (
        lake.spark.readStream.format("kafka")
        .options(**options)
        .option("startingOffsets", starting_offsets(hub, marks, log))
        .option("maxOffsetsPerTrigger", config.max_offsets_per_trigger)
        .option("failOnDataLoss", str(not config.accept_lost).lower())
        .load()
    )
    writer = stream.writeStream.foreachBatch(_batch(table, config, lake, written)).option(
        "checkpointLocation", folder(table)
    )
    if config.trigger == "continuous":
        slower = 1 if hub == "telemetry" else LETTERS_SLOWER
        with planned_for(lake.spark, 0):  # a trigger brings few rows, and Delta's own jobs between them are small
            return writer.trigger(processingTime=f"{slower * config.processing_time_s} seconds").start()
    left = sum(end - max(first, marks.get(key(hub, p), -1) + 1) for p, (first, end) in log.items())
    with planned_for(lake.spark, left):  # a query keeps the settings it was started with
        return writer.trigger(availableNow=True).start()


def _batch(table: str, config: Config, lake: Lakehouse, written: dict[str, int]) -> Callable[[DataFrame, int], None]:
    def commit(batch: DataFrame, number: int) -> None:
        now = runtime.now()
        rows, ends = from_kafka(batch, now), planned(table, number)
        count = _count(ends, through(lake.note(table))) if ends else None
        if config.trigger == "continuous" and count is not None and count <= FEW:
            rows = rows.coalesce(1)  # one small file a trigger
        note: dict[str, object] = {"run_id": config.run_id}
        if table == TABLES["telemetry-dlq"]:
            note |= taken(lake, LakeAlerts(lake), count, now)
        made = append_raw(lake, rows, note, table, ends)
        written[table] += made.rows
        written["bytes"] += made.bytes

    return commit


def _count(ends: dict[str, int], done: dict[str, int]) -> int:
    """Offsets behind `done` up to `ends`."""
    return sum(end - 1 - done.get(k, -1) for k, end in ends.items())


def _named(hub: str, fault: Exception) -> Stop:
    """A streaming failure as one of ours, with the mend where it is foreseeable."""
    text = str(fault)
    if corrupt(text):
        return Stop(f"checkpoint of {TABLES[hub]} is corrupt; run acme lake rebuild-checkpoint {TABLES[hub]}")
    return Stop(f"reading hub {hub} failed: {text.splitlines()[0][:300]}; correct that and run again, nothing is lost")
