"""Roll-ups of gold_hourly: the site's production day, and quality by line. Its additive columns make them exact."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.lake.gold_parts import Catalogue
from acme_lib.lake.gold_time import day_seconds
from acme_lib.lake.lakehouse import columns

__all__ = ["daily_rows", "quality_rows"]

COUNTS = ("good_count", "stale_count", "simulated_count", "error_count", "excluded_count")
SUMS = (*COUNTS, "value_sum", "value_sum_sq", "held_seconds", "held_value_seconds", "increase", "resets", "event_count")


def daily_rows(hourly: DataFrame, catalogue: Catalogue, partitions: int) -> DataFrame:
    """Out: gold_daily. Hours are added in order of time, so that equal hours give equal bits."""
    ordered = hourly.repartition(partitions, "tag_key", "date_key").sortWithinPartitions(
        "tag_key", "date_key", "period_utc"
    )
    day = (
        Window.partitionBy("tag_key", "date_key")
        .orderBy("period_utc")
        .rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    )
    n, deviation = F.col("good_count"), F.coalesce("value_stddev", F.lit(0.0))
    apart = F.col("value_avg") - F.sum("value_sum").over(day) / F.sum("good_count").over(day)
    # squares inside the hours and between them (Chan, Golub and LeVeque 1983): stable where sums of squares are not
    squares = ordered.withColumn("squares", deviation * deviation * (n - 1) + n * apart * apart)
    rows = squares.groupBy("tag_key", "date_key").agg(
        *(F.sum(name).alias(name) for name in SUMS),
        F.min("value_min").alias("value_min"),
        F.max("value_max").alias("value_max"),
        F.sum("squares").alias("squares"),
        F.min("first_ts_utc").alias("first_ts_utc"),
        F.max("last_ts_utc").alias("last_ts_utc"),
        F.min_by("first_value", "first_ts_utc").alias("first_value"),
        F.max_by("last_value", "last_ts_utc").alias("last_value"),
        F.max_by("last_text", "last_ts_utc").alias("last_text"),
    )
    day_of = F.to_date(F.col("date_key").cast("string"), "yyyyMMdd")
    held, count = F.col("held_seconds"), F.col("good_count")
    rows = catalogue.of(rows).withColumns(
        {
            "production_date": day_of,
            "value_avg": F.col("value_sum") / count,
            "value_stddev": F.when(count > 1, F.sqrt(F.col("squares") / (count - 1))),
            "time_weighted_avg": F.when(held > 0, F.col("held_value_seconds") / held),
        }
    )
    length = day_seconds(F.col("production_date"), F.col("time_zone"), F.col("start_s"))
    return rows.withColumn("day_seconds", length).select(*columns("gold_daily"))


def quality_rows(hourly: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Out: gold_quality_hourly. Counts every Silver row, whether it entered an aggregate or not."""
    flags = {
        "GOOD": F.col("good_count") + F.col("excluded_count"),
        "STALE": F.col("stale_count"),
        "SIMULATED": F.col("simulated_count"),
        "ERROR": F.col("error_count"),
    }
    pairs = [F.struct(F.lit(k).alias("quality"), v.alias("n")) for k, v in flags.items()]
    places = catalogue.rows.select("tag_key", "site", "area", "line")
    rows = hourly.join(F.broadcast(places), "tag_key", "inner")
    rows = rows.select("site_key", "site", "area", "line", "hour_utc", F.explode(F.array(*pairs)).alias("flag")).where(
        "flag.n > 0"
    )
    rows = rows.groupBy("site_key", "site", "area", "line", "hour_utc", "flag.quality").agg(
        F.sum("flag.n").alias("message_count")
    )
    return rows.select(*columns("gold_quality_hourly"))
