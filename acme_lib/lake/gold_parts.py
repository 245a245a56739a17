"""What lies wholly inside one period of one tag: the single heavy pass over Silver, one shuffle and one sort."""

from __future__ import annotations

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.lake.gold_time import period_of

__all__ = ["GAUGES", "Catalogue", "merged", "parts"]

GAUGES = ("gauge", "(uncatalogued)")


@dataclass(frozen=True)
class Catalogue:
    """Facts of each tag that Gold needs, small enough to broadcast.

    rows: tag_key, kind, hold_us, equipment_key, site_key, site, line, time_zone, start_s, cut.
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
    """The few columns Gold reads, narrow so that the shuffle is cheap."""
    text = F.coalesce("value_string", F.when(F.col("value_bool"), "true").when(~F.col("value_bool"), "false"))
    return silver.select(
        "tag_key",
        F.unix_micros("ts_utc").alias("us"),
        "seq",
        "body_hash",
        F.col("value_double").alias("value"),
        text.alias("text"),
        "quality",
        "in_gold",
    )


def parts(silver: DataFrame, catalogue: Catalogue, partitions: int) -> DataFrame:
    """Additive parts by tag, period and held state (null but for state tags).

    Readings of one instant are ordered by seq, then content: the order of arrival never shows. Times are integers
    and values are added in that order, so equal rows give equal bits.
    """
    rows = catalogue.of(readings(silver).repartition(partitions, "tag_key"))
    kind, value = F.col("kind"), F.col("value")
    numeric = kind.isin(*GAUGES, "counter")
    rows = rows.withColumn("used", F.col("in_gold") & (~numeric | value.isNotNull()))
    order = Window.partitionBy("tag_key", "used").orderBy("us", "seq", "body_hash")
    rows = rows.withColumns(
        {
            "period": catalogue.period(F.col("us")),
            "next_us": F.lead("us").over(order),
            "before_us": F.lag("us").over(order),
            "before_value": F.lag("value").over(order),
        }
    )
    return rows.select(*_measures(catalogue)).groupBy("tag_key", "period", "state").agg(*_sums())


def _measures(catalogue: Catalogue) -> list[Column]:
    kind, value, used, us = F.col("kind"), F.col("value"), F.col("used"), F.col("us")
    before, next_us = F.col("before_value"), F.col("next_us")
    last = used & (next_us.isNull() | (catalogue.period(next_us) != F.col("period")))
    first = used & (F.col("before_us").isNull() | (catalogue.period(F.col("before_us")) != F.col("period")))
    gauge, holds = used & kind.isin(*GAUGES), used & kind.isin(*GAUGES, "state") & ~last
    held_us = F.when(holds, F.least(next_us - us, F.col("hold_us")))
    step = F.when(used & ~first & (kind == "counter"), F.when(value < before, value).otherwise(value - before))
    return [
        F.col("tag_key"),
        F.col("period"),
        F.when(used & (kind == "state"), F.col("text")).alias("state"),
        used.alias("used"),
        F.when(~used, F.col("quality")).alias("unused"),
        F.when(gauge, value).alias("value"),
        held_us.alias("held_us"),
        F.when(kind != "state", value * held_us / 1_000_000).alias("held_value"),
        step.alias("step"),
        (step.isNotNull() & (value < before)).alias("reset"),
        F.when(first, us).alias("first_us"),
        F.when(last, us).alias("last_us"),
        F.when(first, value).alias("first_value"),
        F.when(last, value).alias("last_value"),
        F.when(last & kind.isin("state", "label"), F.col("text")).alias("last_text"),
    ]


def _sums() -> list[Column]:
    value = F.col("value")
    return [
        F.count_if("used").alias("good_count"),
        F.count_if(F.col("unused") == "STALE").alias("stale_count"),
        F.count_if(F.col("unused") == "SIMULATED").alias("simulated_count"),
        F.count_if(F.col("unused") == "ERROR").alias("error_count"),
        F.count_if(F.col("unused") == "GOOD").alias("excluded_count"),
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
        F.max("last_text").alias("last_text"),
    ]


SUMMED = ("good_count", "stale_count", "simulated_count", "error_count", "excluded_count", "held_us", "resets")
SINGLE = ("value_sum", "value_sum_sq", "value_min", "value_max", "value_stddev", "held_value", "step")
ENDS = ("last_us", "first_value", "last_value", "last_text")


def merged(by_state: DataFrame) -> DataFrame:
    """The parts of one tag and period as one row; only state tags have several, and those have no values to add."""
    return by_state.groupBy("tag_key", "period").agg(
        *(F.sum(n).alias(n) for n in SUMMED),
        *(F.max(n).alias(n) for n in (*SINGLE, *ENDS)),
        F.min("first_us").alias("first_us"),
    )
