"""What lies wholly inside one period of one tag: the single heavy pass over Silver, one shuffle and one sort."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.lake.gold_time import period_of

__all__ = ["GAUGES", "Catalogue", "merged", "parts"]

GAUGES = ("gauge", "(uncatalogued)")
GAUGE, COUNTER, STATE, OTHER = range(4)  # a kind as a number: rows are sorted and compared by the million
FLAGS = ("in_gold", "STALE", "SIMULATED", "ERROR", "GOOD")  # why a reading counts where it does, by number


@dataclass(frozen=True)
class Catalogue:
    """Facts of each tag that Gold needs, small enough to broadcast.

    rows: tag_key, kind, hold_us, equipment_key, equipment_id, site_key, site, line, time_zone, start_s, cut.
    """

    rows: DataFrame
    any_cut: bool

    def of(self, frame: DataFrame) -> DataFrame:
        return frame.join(F.broadcast(self.rows), "tag_key", "inner")

    def cut(self) -> Column | None:
        return F.col("cut") if self.any_cut else None

    def period(self, micros: Column) -> Column:
        return period_of(micros, self.cut(), F.col("time_zone"), F.col("start_s"))


def readings(silver: DataFrame) -> DataFrame:
    """The few columns Gold reads, narrow so that shuffle and sort are cheap."""
    text = F.coalesce("value_string", F.when(F.col("value_bool"), "true").when(~F.col("value_bool"), "false"))
    flag = F.when(F.col("in_gold"), 0)
    for n, name in list(enumerate(FLAGS))[1:]:
        flag = flag.when(F.col("quality") == name, n)
    return silver.select(
        "tag_key",
        F.unix_micros("ts_utc").alias("us"),
        "seq",
        "body_hash",
        F.col("value_double").alias("value"),
        text.alias("text"),
        flag.cast("tinyint").alias("flag"),
    )


def numbered(kind: Column) -> Column:
    number = F.when(kind.isin(*GAUGES), GAUGE).when(kind == "counter", COUNTER)
    return number.when(kind == "state", STATE).otherwise(OTHER).cast("tinyint")


def parts(silver: DataFrame, catalogue: Catalogue, partitions: int) -> DataFrame:
    """Additive parts by tag, period and text (a state's name; of other kinds the last text of the period, else null).

    Readings of one instant are ordered by seq, then content: the order of arrival never shows. Times are integers
    and values are added in that order, so equal rows give equal bits.
    """
    clocks = ("time_zone", "start_s", "cut") if catalogue.any_cut else ()
    tags = catalogue.rows.select("tag_key", "hold_us", numbered(F.col("kind")).alias("kind"), *clocks)
    rows = readings(silver).repartition(partitions, "tag_key").join(F.broadcast(tags), "tag_key", "inner")
    numeric, value = F.col("kind") <= COUNTER, F.col("value")
    rows = rows.withColumn("used", (F.col("flag") == 0) & (~numeric | value.isNotNull()))
    order = Window.partitionBy("tag_key", "used").orderBy("us", "seq", "body_hash")
    rows = rows.withColumns(
        {
            "period": catalogue.period(F.col("us")),
            "next_us": F.lead("us").over(order),
            "before_us": F.lag("us").over(order),
            "before_value": F.lag("value").over(order),
        }
    )
    # no text is aggregated in this pass: Spark adds up numbers by hash, texts only after another sort
    return rows.select(*_measures(catalogue)).groupBy("tag_key", "period", "text").agg(*_sums())


def _measures(catalogue: Catalogue) -> list[Column]:
    kind, value, used, us = F.col("kind"), F.col("value"), F.col("used"), F.col("us")
    before, next_us = F.col("before_value"), F.col("next_us")
    last = used & (next_us.isNull() | (catalogue.period(next_us) != F.col("period")))
    first = used & (F.col("before_us").isNull() | (catalogue.period(F.col("before_us")) != F.col("period")))
    holds = used & kind.isin(GAUGE, STATE) & ~last
    held_us = F.when(holds, F.least(next_us - us, F.col("hold_us")))
    step = F.when(used & ~first & (kind == COUNTER), F.when(value < before, value).otherwise(value - before))
    return [
        F.col("tag_key"),
        F.col("period"),
        F.when(used & ((kind == STATE) | last), F.col("text")).alias("text"),
        used.alias("used"),
        # a GOOD number that is no number is excluded like one a rule keeps out
        F.when(~used, F.when(F.col("flag") == 0, FLAGS.index("GOOD")).otherwise(F.col("flag"))).alias("unused"),
        F.when(used & (kind == GAUGE), value).alias("value"),
        held_us.alias("held_us"),
        F.when(kind == GAUGE, value * held_us / 1_000_000).alias("held_value"),
        step.alias("step"),
        (step.isNotNull() & (value < before)).alias("reset"),
        F.when(first, us).alias("first_us"),
        F.when(last, us).alias("last_us"),
        F.when(first, value).alias("first_value"),
        F.when(last, value).alias("last_value"),
    ]


def _sums() -> list[Column]:
    value, unused = F.col("value"), F.col("unused")
    return [
        F.count_if("used").alias("good_count"),
        F.count_if(unused == FLAGS.index("STALE")).alias("stale_count"),
        F.count_if(unused == FLAGS.index("SIMULATED")).alias("simulated_count"),
        F.count_if(unused == FLAGS.index("ERROR")).alias("error_count"),
        F.count_if(unused == FLAGS.index("GOOD")).alias("excluded_count"),
        F.sum(value).alias("value_sum"),
        F.sum(value * value).alias("value_sum_sq"),
        F.min(value).alias("value_min"),
        F.max(value).alias("value_max"),
        F.stddev_samp(value).alias("value_stddev"),
        F.sum("held_us").alias("held_us"),
        F.sum("held_value").alias("held_value"),
        F.sum("step").alias("step"),
        F.count_if("reset").alias("resets"),
        F.min("first_us").alias("first_us"),
        F.max("last_us").alias("last_us"),
        F.max("first_value").alias("first_value"),
        F.max("last_value").alias("last_value"),
    ]


SUMMED = ("good_count", "stale_count", "simulated_count", "error_count", "excluded_count", "held_us", "resets")
SINGLE = ("value_sum", "value_sum_sq", "value_min", "value_max", "value_stddev", "held_value", "step")
ENDS = ("last_us", "first_value", "last_value")


def merged(by_text: DataFrame) -> DataFrame:
    """The parts of one tag and period as one row; only texts have several, and those have no values to add."""
    return by_text.groupBy("tag_key", "period").agg(
        *(F.sum(n).alias(n) for n in SUMMED),
        *(F.max(n).alias(n) for n in (*SINGLE, *ENDS)),
        F.min("first_us").alias("first_us"),
        F.max(F.when(F.col("last_us").isNotNull(), F.col("text"))).alias("last_text"),
    )
