"""Which hours a change reaches: its own, those a held value reaches, and the hour of a counter's next reading."""

from __future__ import annotations

from datetime import date, timedelta

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.gold_hold import EDGES
from acme_lib.lake.gold_parts import GAUGES, Catalogue
from acme_lib.lake.gold_time import HOUR_US, hour_of

__all__ = ["MARGIN", "arrivals", "edges", "edges_around", "touched"]

MARGIN = timedelta(days=2)  # a production day that began before it has ended before the first touched hour


def arrivals(changed: DataFrame) -> DataFrame:
    """New readings by tag and hour: how many, and the first and last that may enter Gold."""
    us = F.unix_micros("ts_utc")
    good = F.when(F.col("in_gold"), us)
    return changed.groupBy("tag_key", "topic", hour_of(us).alias("hour")).agg(
        F.count("*").alias("messages"), F.min(good).alias("first_new_us"), F.max(good).alias("last_new_us")
    )


def edges(hourly: DataFrame, daily: DataFrame, first: date, last: date) -> DataFrame:
    """First and last readings of the periods near `first` to `last`, and of the counters' days beyond them.

    A held value reaches no further than its hold time; a counter's step may span years, and its days are 24 times
    fewer than its hours. Out: EDGES, kind, hour.
    """
    began, ended = F.unix_micros("first_ts_utc"), F.unix_micros("last_ts_utc")
    near = hourly.where(F.col("hour_date").between(first, last) & (F.col("good_count") > 0))
    far = daily.where("kind = 'counter' and good_count > 0").where(
        (F.to_date("last_ts_utc") < F.lit(first)) | (F.to_date("first_ts_utc") > F.lit(last))
    )
    shown = [began.alias("first_us"), ended.alias("last_us"), "first_value", "last_value", "last_text", "kind"]
    found = near.select("tag_key", F.unix_micros("period_utc").alias("period"), *shown)
    found = found.unionByName(far.select("tag_key", began.alias("period"), *shown))
    return found.withColumn("hour", hour_of(F.col("period")))


def touched(arrived: DataFrame, known: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Every (tag_key, hour) to be made anew. In: `arrivals`, the present `edges`.

    A gauge's or state's reading changes what is held up to its hold time later, whoever reads next; a counter's
    changes the step of the next reading, however late that is.
    """
    rows = catalogue.of(arrived)
    reach = F.when(F.col("kind").isin(*GAUGES, "state"), F.col("last_new_us") + F.col("hold_us"))
    until = F.greatest("hour", hour_of(reach))  # greatest passes over null
    held = rows.select("tag_key", F.explode(F.sequence("hour", until, F.lit(HOUR_US))).alias("hour"))
    counters = rows.where("kind = 'counter' and last_new_us is not null").select("tag_key", "hour")
    later = known.where("kind = 'counter'").select("tag_key", F.col("hour").alias("later"))
    following = (
        counters.join(later, "tag_key", "inner")
        .where("later > hour")
        .groupBy("tag_key", "hour")
        .agg(F.min("later").alias("next"))
        .select("tag_key", F.col("next").alias("hour"))
    )
    return held.unionByName(following).distinct()


def edges_around(known: DataFrame, touched_hours: DataFrame) -> DataFrame:
    """The `edges` of the untouched periods of the touched tags: they bound what is held and stepped. Out: EDGES."""
    tags = touched_hours.select("tag_key").distinct()
    rows = known.join(F.broadcast(tags), "tag_key", "leftsemi")
    return rows.join(touched_hours, ["tag_key", "hour"], "leftanti").select(*EDGES)
