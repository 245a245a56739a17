"""Schema drift: fields the envelope does not know, catalogued once each and told to people once."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.monitoring import Alerts

__all__ = ["RULE", "announce", "close_released", "new_fields"]

RULE = "schema_drift_new_field"


def new_fields(extra: DataFrame, known: DataFrame) -> DataFrame:
    """In: rows with raw_extra; bronze_drift_events. Out: bronze_drift_events without detectedUtc, the first place of each."""
    names = extra.select(
        F.explode(F.json_object_keys("raw_extra")).alias("fieldName"),
        F.struct("hub", "source_partition", "source_offset").alias("place"),
        F.struct("ts_utc", "topic", "message_id").alias("first"),
    )
    found = names.groupBy("fieldName").agg(F.min_by("first", "place").alias("first"))
    return found.join(known, on="fieldName", how="left_anti").select(
        "fieldName",
        F.col("first.ts_utc").alias("firstSeenUtc"),
        F.col("first.topic").alias("sampleTopic"),
        F.col("first.message_id").alias("sampleMessageId"),
    )


def announce(found: DataFrame, lake: Lakehouse, alerts: Alerts, note: dict[str, object], now: datetime) -> int:
    """Raises an alert a new field, then catalogues them; in this order, since a repeated alert is suppressed, a lost one lost."""
    fields = found.persist()
    try:
        topics: dict[str, object] = {r["fieldName"]: r["sampleTopic"] for r in fields.collect()}
        if topics:
            alerts.open_many(RULE, topics, now)
        lake.append("bronze_drift_events", fields.withColumn("detectedUtc", F.lit(now)).coalesce(1), note)
    finally:
        fields.unpersist()
    return len(topics)


def close_released(lake: Lakehouse, alerts: Alerts, now: datetime) -> int:
    """Closes the alerts of catalogued fields that the envelope knows by now; returns how many."""
    if not lake.exists("bronze_drift_events"):
        return 0
    released = F.col("fieldName").isin(list(contracts().envelope_schema["properties"]))
    fields = [r["fieldName"] for r in lake.read("bronze_drift_events").where(released).collect()]
    return sum(alerts.close(RULE, field, now) for field in fields)
