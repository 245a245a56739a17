"""Which hours a change reaches: its own, those a held value reaches, and the hour of a counter's next reading."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.gold_parts import GAUGES, Catalogue
from acme_lib.lake.gold_time import HOUR_US, hour_of

__all__ = ["arrivals", "edges_around", "touched"]


def arrivals(changed: DataFrame) -> DataFrame:
    """New readings by tag and hour: how many, and the last one that may enter Gold."""
    us = F.unix_micros("ts_utc")
    return changed.groupBy("tag_key", "topic", hour_of(us).alias("hour")).agg(
        F.count("*").alias("messages"), F.max(F.when(F.col("in_gold"), us)).alias("last_new_us")
    )


def touched(arrived: DataFrame, hourly: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Every (tag_key, hour) to be made anew. In: `arrivals`, the present gold_hourly.

    A gauge's or state's reading changes what is held up to its hold time later, whoever reads next; a counter's
    changes the step of the next reading, however late that is.
    """
    rows = catalogue.of(arrived)
    reach = F.when(F.col("kind").isin(*GAUGES, "state"), F.col("last_new_us") + F.col("hold_us"))
    until = F.greatest("hour", hour_of(reach))  # greatest passes over null
    held = rows.select("tag_key", F.explode(F.sequence("hour", until, F.lit(HOUR_US))).alias("hour"))
    counters = rows.where("kind = 'counter' and last_new_us is not null").select("tag_key", "hour")
    later = hourly.where("kind = 'counter' and good_count > 0").select(
        "tag_key", F.unix_micros("hour_utc").alias("later")
    )
    following = (
        counters.join(later, "tag_key", "inner")
        .where("later > hour")
        .groupBy("tag_key", "hour")
        .agg(F.min("later").alias("next"))
        .select("tag_key", F.col("next").alias("hour"))
    )
    return held.unionByName(following).distinct()


def edges_around(hourly: DataFrame, touched_hours: DataFrame) -> DataFrame:
    """First and last readings of the untouched periods of the touched tags: they bound what is held and stepped."""
    tags = touched_hours.select("tag_key").distinct()
    rows = hourly.where("good_count > 0").join(F.broadcast(tags), "tag_key", "leftsemi")
    rows = rows.withColumn("hour", F.unix_micros("hour_utc"))
    return rows.join(touched_hours, ["tag_key", "hour"], "leftanti").select(
        "tag_key",
        F.unix_micros("period_utc").alias("period"),
        F.unix_micros("first_ts_utc").alias("first_us"),
        F.unix_micros("last_ts_utc").alias("last_us"),
        "first_value",
        "last_value",
        "last_text",
    )
