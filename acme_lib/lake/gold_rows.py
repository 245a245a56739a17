"""Rows of gold_hourly and gold_state_hourly from their measures: keys, dates and what each tag kind shows."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.gold_parts import GAUGES, Catalogue
from acme_lib.lake.gold_time import date_key, hour_of, production_date, timestamp
from acme_lib.lake.lakehouse import columns

__all__ = ["hourly_rows", "state_rows"]


def _times() -> dict[str, Column]:
    period = F.col("period")
    return {
        "hour_utc": timestamp(hour_of(period)),
        "period_utc": timestamp(period),
        "hour_date": timestamp(period).cast("date"),
        "date_key": date_key(production_date(period, F.col("time_zone"), F.col("start_s"))),
    }


def hourly_rows(measures: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Out: gold_hourly. A measure a kind does not have is null."""
    gauge, kind = F.col("kind").isin(*GAUGES), F.col("kind")
    rows = catalogue.of(measures).withColumns(
        {
            **_times(),
            "value_avg": F.col("value_sum") / F.col("good_count"),
            "held_seconds": F.when(gauge, F.col("held_seconds")),
            "held_value_seconds": F.when(gauge, F.col("held_value_seconds")),
            "increase": F.when(kind == "counter", F.col("increase")),
            "resets": F.when(kind == "counter", F.col("resets")),
            "event_count": F.when(kind == "event", F.col("good_count")),
            "first_ts_utc": timestamp(F.col("first_us")),
            "last_ts_utc": timestamp(F.col("last_us")),
        }
    )
    weighted = F.when(F.col("held_seconds") > 0, F.col("held_value_seconds") / F.col("held_seconds"))
    return rows.withColumn("time_weighted_avg", weighted).select(*columns("gold_hourly"))


def state_rows(measures: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Out: gold_state_hourly."""
    rows = catalogue.of(measures).withColumns({**_times(), "seconds": F.col("us") / 1_000_000})
    return rows.select(*columns("gold_state_hourly"))
