"""The quality job: daily metrics a site, made whole for each day touched, reconciling to Bronze exactly."""

from __future__ import annotations

from datetime import date, datetime
from functools import reduce
from typing import Any

from pydantic import BaseModel, ConfigDict
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.gold_small import planned_for
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.marks import Slice, through
from acme_lib.monitoring import RunRecord, recording

__all__ = ["Config", "daily", "run"]

TABLE = "silver_quality_metrics"
KEYS = ["metric_date", "site"]
COUNTS = ("totalMessages", "silver_rows", "good_messages", "violations", "unreadable", "driftEventsCount")


class Config(BaseModel):
    """Parameters of one run. `days` makes those days anew; without it, the days that are new since the last run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    days: list[date] | None = None


def site_of(body: str) -> Any:
    """The site of a body's topic; null where it has none."""
    topic = F.from_json(F.col(body).cast("string"), "topic string")["topic"]
    return F.try_element_at(F.split(topic, "/"), F.lit(2))


def daily(bronze: DataFrame, silver: DataFrame, violations: DataFrame, drift: DataFrame) -> DataFrame:
    """In: rows of the days to make. Out: silver_quality_metrics without updated_utc."""
    place = ["hub", "source_partition", "source_offset"]
    bad = violations.where("rule = 'UNREADABLE'").select(*place, F.lit(True).alias("bad"))
    sited = bronze.select(F.col("enqueued_date").alias("metric_date"), *place, site_of("body").alias("site"))
    known = F.when(F.col("bad") | F.col("site").isNull(), "(unknown)").otherwise(F.col("site"))
    each = [
        sited.join(bad, on=place, how="left").select("metric_date", known.alias("site"), _one("totalMessages")),
        silver.select(
            F.to_date("enqueued_utc").alias("metric_date"),
            "site",
            _one("silver_rows"),
            _one("good_messages", F.col("quality") == "GOOD"),
        ),
        violations.select(
            F.col("enqueued_date").alias("metric_date"),
            "site",
            _one("violations"),
            _one("unreadable", F.col("rule") == "UNREADABLE"),
        ),
        drift.select(
            F.to_date("detectedUtc").alias("metric_date"),
            F.try_element_at(F.split("sampleTopic", "/"), F.lit(2)).alias("site"),
            _one("driftEventsCount"),
        ),
    ]
    whole = reduce(lambda a, b: a.unionByName(b, allowMissingColumns=True), each)
    sums = [F.coalesce(F.sum(name), F.lit(0)).alias(name) for name in COUNTS]
    return (
        whole.groupBy(*KEYS)
        .agg(*sums)
        .withColumns(
            {
                "duplicatesRemoved": F.col("totalMessages") - F.col("silver_rows") - F.col("unreadable"),
                "goodQualityPct": F.when(
                    F.col("silver_rows") > 0, 100.0 * F.col("good_messages") / F.col("silver_rows")
                ),
            }
        )
    )


def _one(name: str, where: Column | None = None) -> Column:
    return (F.lit(1) if where is None else where.cast("int")).alias(name)


def run(config: Config, lake: Lakehouse, now: datetime) -> RunRecord:
    """Counts what Silver has taken; Bronze rows above Silver's marks wait for the next run."""
    with recording(config.run_id, "quality_report", now) as record:
        taken = lake.note("silver_events")
        end = through(taken)
        with planned_for(lake.spark, Slice(dict.fromkeys(end, -1), end).size()):
            _count(config, lake, taken, now, record)
    return record


def _count(config: Config, lake: Lakehouse, taken: dict[str, Any], now: datetime, record: RunRecord) -> None:
    done, end = through(lake.note(TABLE)), through(taken)
    bronze = _taken(lake.read("bronze_events"), end)
    days = config.days if config.days is not None else _touched(lake, bronze, done, end)
    record.counters = {"days": len(days)}
    if not days:
        return
    rows = _of_days(lake, bronze, days, end).withColumn("updated_utc", F.lit(now)).coalesce(1)
    listed = ", ".join(f"DATE'{d}'" for d in sorted(days))
    marks = done if config.days is not None else end
    note = {"run_id": config.run_id, "version": taken.get("version"), "through": marks}
    commit = lake.replace(TABLE, rows, note, where=f"metric_date IN ({listed})")
    record.rows_out, record.bytes_out = commit.rows, commit.bytes


def _taken(bronze: DataFrame, end: dict[str, int]) -> DataFrame:
    return Slice(dict.fromkeys(end, -1), end).of(bronze)


def _touched(lake: Lakehouse, bronze: DataFrame, done: dict[str, int], end: dict[str, int]) -> list[date]:
    """Days with Bronze rows, or with new fields, since the last run."""
    new = Slice(
        {k: done.get(k, -1) for k in end if end[k] > done.get(k, -1)},
        {k: v for k, v in end.items() if v > done.get(k, -1)},
    )
    if not new.high:
        return []
    dates = new.of(bronze).select("enqueued_date").distinct()
    noticed = lake.read("bronze_drift_events").select(F.to_date("detectedUtc").alias("enqueued_date")).distinct()
    counted = lake.read(TABLE).select(F.col("metric_date").alias("enqueued_date"), "driftEventsCount")
    told = counted.where("driftEventsCount > 0").select("enqueued_date").distinct()
    fresh = noticed.join(told, on="enqueued_date", how="left_anti")
    return [r["enqueued_date"] for r in dates.union(fresh).distinct().collect()]


def _of_days(lake: Lakehouse, bronze: DataFrame, days: list[date], end: dict[str, int]) -> DataFrame:
    violations = _taken(lake.read("silver_violations"), end)
    return daily(
        bronze.where(F.col("enqueued_date").isin(days)),
        lake.read("silver_events").where(F.to_date("enqueued_utc").isin(days)),
        violations.where(F.col("enqueued_date").isin(days)),
        lake.read("bronze_drift_events").where(F.to_date("detectedUtc").isin(days)),
    )
