"""Exact dedupe made cheap: a publisher's counter proves most rows to be new; only the others pay for a join.

A row is `counted` when its id is the UUIDv5 of (source system, topic, epoch, seq). Two counted rows have one id only
where all four agree. So a counted row above its run's mark whose seq stands once in the batch can't be a copy.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.uns.message import NAMESPACE

__all__ = ["RUN", "bit", "body_hash", "bucket", "counted", "derived_id", "raised", "resolved", "runs", "suspects"]

RUN = ("source_system", "topic", "epoch")
ORDER = ("hub", "source_partition", "source_offset")
BITS = 6  # a bucket is 64 consecutive numbers, one bit each of a long


def derived_id() -> Column:
    """UUIDv5 of source_system, topic, epoch and seq as acme_lib.uns.message_id makes it; null where one is null."""
    name = F.concat(*_joined("source_system", "topic", "epoch", F.col("seq").cast("string")))
    digest = F.sha1(F.concat(F.lit(bytearray(NAMESPACE)), F.encode(name, "UTF-8")))
    variant = F.translate(F.substring(digest, 17, 1), "0123456789abcdef", "89ab89ab89ab89ab")
    dash = F.lit("-")
    return F.concat(
        F.substring(digest, 1, 8), dash, F.substring(digest, 9, 4), F.lit("-5"), F.substring(digest, 14, 3), dash,
        variant, F.substring(digest, 18, 3), dash, F.substring(digest, 21, 12),
    )  # fmt: skip


def _joined(first: str, *others: str | Column) -> list[str | Column]:
    return [first, *(part for other in others for part in (F.lit("\x1f"), other))]


def counted() -> Column:
    """The message id is the derived one."""
    return F.coalesce(F.col("message_id") == derived_id(), F.lit(False))


def body_hash() -> Column:
    """64 bits over what the publisher sent, types included. Each absent field is marked, for Spark's hash skips nulls."""
    optional = (
        "value_double",
        "value_bool",
        "value_string",
        "error_code",
        "epoch",
        "seq",
        "correlation_id",
        "raw_extra",
    )
    absent = F.concat(*(F.when(F.col(n).isNull(), "0").otherwise("1") for n in optional))
    required = (
        "message_id",
        "ts_utc",
        "topic",
        "quality",
        "units",
        "source_system",
        "lineage_version",
        "schema_version",
    )
    return F.xxhash64(*required, *optional, "replayed", absent)


def bucket() -> Column:
    return F.shiftright("seq", BITS)


def bit() -> Column:
    return F.expr(f"shiftleft(1L, CAST(seq & {2**BITS - 1} AS INT))")


def runs(rows: DataFrame) -> DataFrame:
    """Counted rows by publisher's run and 64 consecutive numbers: how many, which ones as bits, lowest and highest."""
    return rows.groupBy(*RUN, bucket().alias("bucket")).agg(
        F.count("*").alias("n"), F.bit_or(bit()).alias("bits"), F.min("seq").alias("low"), F.max("seq").alias("high")
    )


def raised(found: DataFrame, marks: DataFrame) -> DataFrame:
    """The marks after a batch: each run's highest number, old or new. In: `runs`, silver_sequence_marks."""
    new = found.groupBy(*RUN).agg(F.max("high").alias("max_seq"))
    both = marks.select(*RUN, "max_seq", "updated_utc").unionByName(new, allowMissingColumns=True)
    return both.groupBy(*RUN).agg(
        F.max("max_seq").alias("max_seq"), F.max_by("updated_utc", "max_seq").alias("updated_utc")
    )


def suspects(found: DataFrame, marks: DataFrame) -> DataFrame:
    """Buckets whose rows may hold a copy: a number doubled in the batch, or one at or below the run's mark."""
    known = marks.select(*RUN, F.col("max_seq").alias("mark"))
    joined = found.join(known, on=list(RUN), how="left")
    doubled = F.bit_count("bits") < F.col("n")
    return joined.where(doubled | (F.col("low") <= F.col("mark"))).select(*RUN, "bucket")


def resolved(slow: DataFrame, earlier: DataFrame) -> DataFrame:
    """The slow rows that are no copies, with `conflict` where another content had the id before.

    `earlier` holds message_id, body_hash and ORDER of all rows that may share an id: those of silver_events (`known`)
    and the batch's own fast ones. What is in Silver came first; within a batch the order is that of the hub.
    """
    mine = slow.withColumns({"known": F.lit(False), "mine": F.lit(True)})
    pool = mine.unionByName(earlier.withColumn("mine", F.lit(False)), allowMissingColumns=True)
    order = [F.desc("known"), *ORDER]
    of_id = Window.partitionBy("message_id").orderBy(*order)
    of_content = Window.partitionBy("message_id", "body_hash").orderBy(*order)
    ranked = pool.withColumns({"nth": F.row_number().over(of_id), "copy": F.row_number().over(of_content)})
    kept = ranked.where(F.col("mine") & (F.col("copy") == 1)).withColumn("conflict", F.col("nth") > 1)
    return kept.select(*slow.columns, "conflict")
