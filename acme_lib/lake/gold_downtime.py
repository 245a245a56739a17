"""Where downtime is taken up again: from the last interval that stands before what is new, not from the beginning."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.downtime import REASON, STATE, said
from acme_lib.lake.gold_time import timestamp
from acme_lib.lake.local_rows import local_rows

__all__ = ["Cuts", "cuts", "resumed", "standing"]

Cuts = list[dict[str, Any]]
SHAPE = "equipment_id string, state_from bigint, reason_from bigint, reason string"
LONGEST_DAY_US = 26 * 3_600_000_000


def cuts(first_new: dict[str, int], downtime: DataFrame, daily: DataFrame, tags: DataFrame) -> Cuts:
    """From where each equipment's reports must be read again.

    first_new: its first new report, in microseconds. downtime, daily: the present gold_downtime and gold_daily; tags:
    tag_key, tag, equipment_id. The last interval begun before that report is taken up at its start, with its reason.
    Where there is none no report before it was of a standstill: only the reason in force is needed, from gold_daily and
    Silver's last day.
    """
    spark = downtime.sparkSession
    news = local_rows(
        spark, [{"equipment_id": k, "us": v} for k, v in first_new.items()], "equipment_id string, us bigint"
    )
    started = F.unix_micros("started_utc")
    before = downtime.join(F.broadcast(news), "equipment_id", "inner").where(started < F.col("us"))
    last = before.groupBy("equipment_id").agg(F.max_by(F.struct(started.alias("at"), "reason"), started).alias("of"))
    found = {r["equipment_id"]: r["of"] for r in last.collect()}
    made = [_cut(k, v["at"], v["at"], v["reason"]) for k, v in found.items()]
    fresh = {k: v for k, v in first_new.items() if k not in found}
    reasons = _reasons(fresh, daily, tags) if fresh else {}
    return made + [_cut(k, us, us - LONGEST_DAY_US, reasons.get(k)) for k, us in fresh.items()]


def _cut(equipment: str, state_from: int, reason_from: int, reason: str | None) -> dict[str, Any]:
    return {"equipment_id": equipment, "state_from": state_from, "reason_from": reason_from, "reason": reason}


def _reasons(fresh: dict[str, int], daily: DataFrame, tags: DataFrame) -> dict[str, str]:
    """The reason in force before each equipment's last day."""
    limits = [{"equipment_id": k, "until": v - LONGEST_DAY_US} for k, v in fresh.items()]
    wanted = tags.where(F.col("tag") == REASON).select("tag_key", "equipment_id")
    wanted = wanted.join(
        F.broadcast(local_rows(daily.sparkSession, limits, "equipment_id string, until bigint")), "equipment_id"
    )
    rows = daily.join(F.broadcast(wanted), "tag_key", "inner").where(F.unix_micros("last_ts_utc") < F.col("until"))
    found = rows.groupBy("equipment_id").agg(F.max_by("last_text", "last_ts_utc").alias("reason")).collect()
    return {r["equipment_id"]: r["reason"] for r in found if r["reason"] is not None}


def resumed(silver: DataFrame, found: Cuts) -> DataFrame:
    """`said` from the cuts on, the reason in force before each as a report of its own."""
    cut = F.broadcast(local_rows(silver.sparkSession, found, SHAPE))
    first = min(min(c["state_from"], c["reason_from"]) for c in found)
    recent = silver.where(F.col("event_date") >= F.lit(datetime.fromtimestamp(first / 1e6, UTC).date()))
    rows = said(recent).join(cut, "equipment_id", "inner")
    rows = rows.where(F.col("us") >= F.when(F.col("tag") == STATE, F.col("state_from")).otherwise(F.col("reason_from")))
    before = F.col("reason_from") - 1
    seeds = cut.select(
        F.lit(REASON).alias("tag"), "equipment_id", before.alias("us"), F.coalesce("reason", F.lit("")).alias("report")
    )
    return rows.drop("state_from", "reason_from", "reason").unionByName(seeds, allowMissingColumns=True)


def standing(downtime: DataFrame, found: Cuts) -> DataFrame:
    """Rows of gold_downtime that no cut reaches."""
    cut = F.broadcast(local_rows(downtime.sparkSession, found, SHAPE)).select("equipment_id", "state_from")
    kept = downtime.join(cut, "equipment_id", "left")
    again = F.col("started_utc") >= timestamp(F.col("state_from"))
    return kept.where(F.col("state_from").isNull() | ~again).drop("state_from")
