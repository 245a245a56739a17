"""Schema drift: fields the envelope does not know, catalogued once each and told to people once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.monitoring import Alerts

__all__ = ["RULE", "announce", "close_released", "new_fields"]

RULE = "schema_drift_new_field"


def new_fields(extra: DataFrame | None, lake: Lakehouse) -> list[dict[str, Any]]:
    """In: rows with raw_extra, if any. Out: rows of bronze_drift_events without detectedUtc, the first place of each."""
    if extra is None:
        return []
    names = extra.select(
        F.explode(F.json_object_keys("raw_extra")).alias("fieldName"),
        F.struct("hub", "source_partition", "source_offset").alias("place"),
        F.struct("ts_utc", "topic", "message_id").alias("first"),
    )
    found = (
        names.groupBy("fieldName")
        .agg(F.min_by("first", "place").alias("first"))
        .select(
            "fieldName",
            F.col("first.ts_utc").alias("firstSeenUtc"),
            F.col("first.topic").alias("sampleTopic"),
            F.col("first.message_id").alias("sampleMessageId"),
        )
    )
    rows: list[dict[str, Any]] = found.toArrow().to_pylist()
    known = {r["fieldName"] for r in lake.read("bronze_drift_events").select("fieldName").collect()}
    return [row for row in rows if row["fieldName"] not in known]


def announce(
    fields: list[dict[str, Any]], lake: Lakehouse, alerts: Alerts, note: dict[str, object], now: datetime
) -> None:
    """Raises an alert a new field, then catalogues them; in this order, since a repeated alert is suppressed, a lost one lost."""
    alerts.open_many(RULE, {f["fieldName"]: f["sampleTopic"] for f in fields}, now)
    rows = lake.frame("bronze_drift_events", [{**f, "detectedUtc": now} for f in fields])
    lake.append("bronze_drift_events", rows.coalesce(1), note)


def close_released(lake: Lakehouse, alerts: Alerts, now: datetime) -> int:
    """Closes the alerts of catalogued fields that the envelope knows by now; returns how many."""
    if not lake.exists("bronze_drift_events"):
        return 0
    released = F.col("fieldName").isin(list(contracts().envelope_schema["properties"]))
    fields = [r["fieldName"] for r in lake.read("bronze_drift_events").where(released).collect()]
    return sum(alerts.close(RULE, field, now) for field in fields)
