"""Downtime: every interval in which equipment was not producing, with the reason published at its start."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.contracts import Contracts
from acme_lib.lake.gold_parts import Catalogue
from acme_lib.lake.gold_time import date_key, production_date, timestamp
from acme_lib.lake.lakehouse import columns

__all__ = ["REASON", "STATE", "intervals", "producing", "said"]

STATE, REASON = "state", "state_reason"


def producing(facts: Contracts) -> list[str]:
    """The states in which equipment produces: they are no downtime."""
    return [s.name for s in facts.tags.states if s.running]


def intervals(reports: DataFrame, catalogue: Catalogue, up: list[str]) -> DataFrame:
    """Out: gold_downtime. In: `said` of the equipment wanted, from its beginning or from a cut of `resumed`.

    A run of equal states is one interval. It ends with the next state, or once its last report held as long as it may;
    it is open while nothing later is known.
    """
    reports = _with_reason(reports, catalogue)
    along = Window.partitionBy("equipment_id").orderBy("us", "seq", "body_hash")
    us, state = F.col("us"), F.col("report")
    before_us, before, next_us = F.lag("us").over(along), F.lag("report").over(along), F.lead("us").over(along)
    begins = before_us.isNull() | (before != state) | (us - before_us > F.col("hold_us"))
    rows = reports.withColumns({"begins": begins, "next_us": next_us})
    rows = rows.withColumn(
        "run", F.sum(F.col("begins").cast("int")).over(along.rowsBetween(Window.unboundedPreceding, 0))
    )
    runs = rows.groupBy("equipment_id", "run").agg(
        F.min("us").alias("start_us"),
        F.max("us").alias("last_us"),
        F.max("hold_us").alias("hold_us"),
        F.max(F.when(F.col("begins"), state)).alias("state"),
        F.max(F.when(F.col("begins"), F.col("reason"))).alias("reason"),
        F.max_by("next_us", F.struct("us", "seq", "body_hash")).alias("next_us"),
        *(F.max(n).alias(n) for n in ("equipment_key", "site_key", "time_zone", "start_s")),
    )
    shown = runs.where(~F.col("state").isin(up)).withColumns(_shown())
    return shown.where("is_open or seconds > 0").select(*columns("gold_downtime"))


def said(silver: DataFrame) -> DataFrame:
    """Reports of state and of its reason that may enter Gold: tag_key, tag, equipment_id, us, seq, body_hash, report."""
    rows = silver.where(F.col("in_gold") & F.col("tag").isin(STATE, REASON) & F.col("value_string").isNotNull())
    us, report = F.unix_micros("ts_utc").alias("us"), F.col("value_string").alias("report")
    return rows.select("tag_key", "tag", "equipment_id", us, "seq", "body_hash", report)


def _with_reason(reports: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Reports of state, each with the newest reason published up to its instant; an empty reason is none."""
    # a reason of the same instant belongs to the state: it sorts before it
    order = Window.partitionBy("equipment_id").orderBy("us", F.col("tag") == STATE, "seq", "body_hash")
    reason = F.when(F.col("tag") == REASON, F.col("report"))
    reason = F.last(reason, ignorenulls=True).over(order.rowsBetween(Window.unboundedPreceding, 0))
    named = reports.withColumn("reason", F.nullif(reason, F.lit(""))).where(F.col("tag") == STATE)
    return catalogue.of(named.drop("equipment_id", "tag"))


def _shown() -> dict[str, Column]:
    end = F.when(F.col("next_us").isNotNull(), F.least("next_us", F.col("last_us") + F.col("hold_us")))
    start = F.col("start_us")
    return {
        "date_key": date_key(production_date(start, F.col("time_zone"), F.col("start_s"))),
        "started_utc": timestamp(start),
        "ended_utc": timestamp(end),
        "seconds": (end - start) / 1_000_000,
        "is_open": F.col("next_us").isNull(),
    }
