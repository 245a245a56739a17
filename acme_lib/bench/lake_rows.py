"""Bronze for the measurement: a plant's backlog made inside Spark, with a few copies, new fields and faults in it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pyspark.sql import Column
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake.dedupe import derived_id
from acme_lib.lake.local_rows import local_rows

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["PARTITIONS", "START", "fill"]

START = datetime(2026, 11, 24, tzinfo=UTC)
PARTITIONS, PERIOD_S = 4, 10
COPY_EVERY, FAULT_EVERY, NEW_FIELD_EVERY = 1_000, 10_000, 10_000


def topics() -> list[tuple[str, str]]:
    """Topic and unit of every gauge in the registry; a multiple of the partitions, so that each topic keeps to one."""
    of = contracts()
    tags = [(e.path, tag) for e in of.assets.equipment for tag in of.tags.classes[e.equipment_class].tags]
    found = [(f"acme/{path}/{tag.name}", tag.unit) for path, tag in tags if tag.kind == "gauge"]
    return found[: len(found) // PARTITIONS * PARTITIONS]


def body() -> Column:
    """The envelope as the bridge delivers it."""
    stamped = F.date_format("ts", "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'")
    parts: list[tuple[str, Column]] = [
        ('{"messageId":"', F.col("message_id")), ('","tsUtc":"', stamped), ('","topic":"', F.col("topic")),
        ('","value":', F.round(20 + 10 * F.sin(F.col("seq") + F.col("n")), 4).cast("string")),
        (',"quality":"GOOD","units":"', F.col("unit")), ('","sourceSystem":"', F.col("source_system")),
        ('","lineageVersion":"1.0.0","schemaVersion":"1.0.0","epoch":"', F.col("epoch")),
        ('","seq":', F.col("seq").cast("string")),
        ("", F.when(F.col("id") % NEW_FIELD_EVERY == 77, ',"firmware":"2.1"').otherwise("")),
        (',"receivedUtc":"', stamped), ('","bridgeId":"bridge-1","bridgeSeq":', F.col("id").cast("string")), ("}", F.lit("")),
    ]  # fmt: skip
    whole = F.concat(*(c for text, column in parts for c in (F.lit(text), column)))
    return F.when(F.col("id") % FAULT_EVERY == 99, F.lit('{"value":')).otherwise(whole)


def fill(lake: Lakehouse, rows: int, start: int = 0) -> None:
    """`rows` rows of bronze_events behind the first `start`, in order within their partitions, marked as the Bronze job does."""
    found = topics()
    listed = [{"n": i, "topic": t, "unit": u} for i, (t, u) in enumerate(found)]
    table = local_rows(lake.spark, listed, "n bigint, topic string, unit string")
    n, copy = F.lit(len(found)), F.col("id") % COPY_EVERY == COPY_EVERY - 1
    turn = F.floor(F.col("id") / n)
    made = (
        lake.spark.range(start, start + rows, 1, 8)
        .withColumn("n", F.col("id") % n)
        .join(F.broadcast(table), on="n", how="inner")
        .withColumns(
            {
                "seq": F.when(copy & (turn > 0), turn - 1).otherwise(turn),  # its message before, once more
                "source_system": F.lit("plant-sim"),
                "epoch": F.lit("2026-11-24T00:00:00Z#1"),
            }
        )
        .withColumns(
            {"ts": F.timestamp_micros(F.lit(int(START.timestamp()) * 1_000_000) + F.col("seq") * PERIOD_S * 1_000_000)}
        )
        .withColumn("message_id", derived_id())
    )
    columns = {
        "hub": F.lit("telemetry"), "source_partition": (F.col("id") % PARTITIONS).cast("int"),
        "source_offset": F.floor(F.col("id") / PARTITIONS), "key": F.lit(None).cast("string"),
        "body": body().cast("binary"), "enqueued_utc": F.col("ts"), "received_utc": F.col("ts"),
        "ingested_utc": F.lit(START), "enqueued_date": F.to_date("ts"),
    }  # fmt: skip
    ends = {f"telemetry/{p}": (start + rows - 1 - p) // PARTITIONS for p in range(PARTITIONS)}
    note = {"through": ends, "first": dict.fromkeys(ends, 0)}
    lake.append("bronze_events", made.select(*(c.alias(k) for k, c in columns.items())), note)
