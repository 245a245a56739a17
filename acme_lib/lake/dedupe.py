"""Exact dedupe made cheap: a publisher's counter proves most rows to be new; only the others pay for a join.

A row is `counted` when its id is the UUIDv5 of (source system, topic, epoch, seq). Two counted rows have one id only
where all four agree. So a counted row above its run's mark whose seq stands once in the batch can't be a copy.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.uns.message import NAMESPACE

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = [
    "RUN",
    "body_hash",
    "bucket",
    "counted",
    "counted_runs",
    "derived_id",
    "grouped",
    "raised",
    "resolved",
    "suspects",
]

RUN = ("source_system", "topic", "epoch")
ORDER = ("hub", "source_partition", "source_offset")
BITS = 6  # a bucket is 64 consecutive numbers, one bit each of a long


def derived_id() -> Column:
    """UUIDv5 of source_system, topic, epoch and seq as acme_lib.uns.message_id makes it; null where one is null."""
    name = F.concat(*_joined("source_system", "topic", "epoch", F.col("seq").cast("string")))
    digest = F.sha1(F.concat(F.lit(bytearray(NAMESPACE)), name.cast("binary"))).cast("binary")  # bytes are cut faster

    def part(first: int, count: int) -> Column:
        return F.substring(digest, first, count)

    variant = F.translate(part(17, 1).cast("string"), "0123456789abcdef", "89ab89ab89ab89ab").cast("binary")
    dash, version = F.lit(b"-"), F.lit(b"-5")
    return F.concat(
        part(1, 8), dash, part(9, 4), version, part(14, 3), dash, variant, part(18, 3), dash, part(21, 12)
    ).cast("string")


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


def grouped(rows: DataFrame, readable: Column) -> DataFrame:
    """Counted rows by publisher's run and 64 consecutive numbers: how many, how many doubled, which as bits, lowest and
    highest. Readable rows that are not counted are grouped by topic alone; the others in one group, with
    the size of their bodies. Few rows."""
    counted, sound = F.col("counted"), F.when(readable, F.col("ts_utc"))  # year 0 would not fit Python
    keys = {name: F.when(counted, F.col(name)) for name in RUN} | {"bucket": F.when(counted, bucket())}
    size = F.octet_length("body").alias("size") if "body" in rows.columns else F.lit(0).alias("size")
    keys["topic"] = F.when(readable, F.col("topic"))
    return (
        rows.select(
            *(c.alias(n) for n, c in keys.items()),
            readable.alias("readable"),
            sound.alias("ts_utc"),
            "seq",
            "raw_extra",
            size,
        )
        .groupBy(*keys)
        .agg(
            F.count("*").alias("n"),
            F.bit_or(bit()).alias("bits"),
            F.min("seq").alias("low"),
            F.max("seq").alias("high"),
            F.count_if(~F.col("readable")).alias("others"),
            F.count("raw_extra").alias("extras"),
            F.sum("size").alias("size"),
            F.min("ts_utc").alias("first_ts"),
            F.max("ts_utc").alias("last_ts"),
        )
        .withColumn("doubled", F.bit_count("bits") < F.col("n"))
    )


def counted_runs(groups: pa.Table) -> pa.Table:
    """Those of `grouped` that hold counted rows."""
    return groups.filter(groups["bucket"].is_valid())


def raised(groups: Sequence[pa.Table], marks: pa.Table, now: datetime) -> pa.Table:
    """The marks after a batch: each run's highest number, old or new. In: `counted_runs`, silver_sequence_marks."""
    import pyarrow as pa
    import pyarrow.compute as pc

    new = (
        pa.concat_tables([g.select([*RUN, "high"]) for g in groups], promote_options="default")
        .group_by(list(RUN))
        .aggregate([("high", "max")])
    )
    both = marks.join(new, list(RUN), join_type="full outer").sort_by([(n, "ascending") for n in RUN])
    higher = pc.coalesce(pc.greater(both["high_max"], both["max_seq"]), both["max_seq"].is_null())
    stamp = pa.scalar(now, both["updated_utc"].type)
    columns = {name: both[name] for name in RUN}
    return pa.table(
        {
            **columns,
            "max_seq": pc.max_element_wise(both["max_seq"], both["high_max"]),
            "updated_utc": pc.if_else(higher, stamp, both["updated_utc"]),
        }
    )


def suspects(groups: Sequence[pa.Table], marks: pa.Table) -> pa.Table:
    """Buckets (RUN, bucket) whose rows may hold a copy: a number doubled in the batch, or one at or below the run's mark;
    only those of the second kind, `late`, may have theirs in Silver.

    `groups` are the `counted_runs` of the plain rows and, where there are some, of the odd ones.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = [*RUN, "bucket"]
    whole = pa.concat_tables(groups, promote_options="default")
    old = whole.join(marks.select([*RUN, "max_seq"]), list(RUN), join_type="left outer")
    old = old.append_column("late", pc.fill_null(pc.less_equal(old["low"], old["max_seq"]), False))
    found = [old.filter(pc.or_(old["late"], old["doubled"])).select([*keys, "late"])]
    for other in groups[1:]:
        both = (
            groups[0]
            .select([*keys, "bits"])
            .join(other.select([*keys, "bits"]), keys, join_type="inner", right_suffix="_odd")
        )
        shared = both.filter(pc.not_equal(pc.bit_wise_and(both["bits"], both["bits_odd"]), 0)).select(keys)
        found.append(shared.append_column("late", pa.repeat(False, shared.num_rows)))
    gathered = pa.concat_tables(found).group_by(keys).aggregate([("late", "any")])
    return gathered.rename_columns([*keys, "late"])


def resolved(slow: DataFrame, earlier: DataFrame | None) -> DataFrame:
    """The slow rows that are no copies, with `conflict` where another content had the id before.

    `earlier` holds message_id, body_hash and ORDER of all rows that may share an id: those of silver_events (`known`)
    and the batch's own fast ones. What is in Silver came first; within a batch the order is that of the hub.
    """
    mine = slow.withColumns({"known": F.lit(False), "mine": F.lit(True)})
    others = None if earlier is None else earlier.withColumn("mine", F.lit(False))
    pool = mine if others is None else mine.unionByName(others, allowMissingColumns=True)
    order = [F.desc("known"), *ORDER]
    of_id = Window.partitionBy("message_id").orderBy(*order)
    of_content = Window.partitionBy("message_id", "body_hash").orderBy(*order)
    ranked = pool.withColumns({"nth": F.row_number().over(of_id), "copy": F.row_number().over(of_content)})
    kept = ranked.where(F.col("mine") & (F.col("copy") == 1)).withColumn("conflict", F.col("nth") > 1)
    return kept.select(*slow.columns, "conflict")
