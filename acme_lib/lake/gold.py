"""The Gold job: makes anew every hour and day that new Silver rows reach, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import Contracts, contracts
from acme_lib.lake import dims, marks
from acme_lib.lake.dims_registry import Registry, cuts_hours, start_seconds
from acme_lib.lake.gold_parts import Catalogue
from acme_lib.lake.gold_touched import arrivals, touched
from acme_lib.lake.gold_write import Work, write
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.lineage import Inputs, record_run
from acme_lib.lake.local_rows import local_rows
from acme_lib.lake.version import transformation_version
from acme_lib.monitoring import RunRecord, recording

__all__ = ["FACTS", "Config", "run"]

FACTS = ("gold_hourly", "gold_state_hourly", "gold_daily", "gold_quality_hourly", "gold_downtime")


class Config(BaseModel):
    """Parameters of the notebook gold_aggregate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    full: bool = False
    rows_per_partition: int = 3_000_000


def run(config: Config, lake: Lakehouse, now: datetime) -> RunRecord:
    """One run. Without news nothing is committed; after a crash between two commits the same call completes them."""
    with recording(config.run_id, "gold", now) as record:
        silver_note = lake.note("silver_events")
        end = marks.through(silver_note)
        silver_version = lake.version("silver_events")
        silver = lake.read("silver_events", silver_version)
        since = {} if config.full else lowest([marks.through(lake.note(t)) for t in FACTS])
        if end == since:
            record.counters = {"touched_hours": 0, "new_rows": 0}
            return record
        note = {"through": end, "version": transformation_version(), "run": config.run_id, "job": "gold"}
        work = prepare(lake, silver, since, note, config, now)
        try:
            write(lake, work, record)
            record_run(
                lake,
                work.arrived,
                config.run_id,
                Inputs(silver_version, silver_note.get("bronze_version")),
                work.commits,
                now,
            )
        finally:
            work.arrived.unpersist()
            work.hours.unpersist()
    return record


def lowest(all_marks: list[dict[str, int]]) -> dict[str, int]:
    """What every table has passed: the tables are made together, so the one furthest behind decides."""
    shared = set(all_marks[0]).intersection(*all_marks)
    return {k: min(m[k] for m in all_marks) for k in shared}


def prepare(
    lake: Lakehouse, silver: DataFrame, since: dict[str, int], note: dict[str, Any], config: Config, now: datetime
) -> Work:
    """Scans what is new once, brings the dimensions up to it, and finds the hours it reaches."""
    arrived = arrivals(marks.above(silver, since)).persist()
    topics = arrived.select("tag_key", "topic").distinct().collect()
    dims.check_collisions((r["tag_key"], r["topic"]) for r in topics)
    dims.update(lake, contracts(), [r["topic"] for r in topics], now, {"job": "gold", "run": config.run_id})
    known = catalogue(lake, contracts())
    hours = touched(arrived, lake.read("gold_hourly"), known).persist()
    rows = arrived.agg(F.sum("messages")).collect()[0][0] or 0
    partitions = max(int(lake.spark.conf.get("spark.sql.shuffle.partitions") or 4), rows // config.rows_per_partition)
    return Work(silver, arrived, hours, known, not since, partitions, {**note, "rows": rows}, [])


def catalogue(lake: Lakehouse, facts: Contracts) -> Catalogue:
    """Each tag with its hold time and its site's clock."""
    registry = Registry(facts)
    tags = lake.read("gold_dim_tag").withColumn("levels", F.split("topic", "/"))
    sites = [
        {"site": s.id, "time_zone": s.time_zone, "start_s": start_seconds(s), "cut": cuts_hours(s)}
        for s in registry.sites.values()
    ]
    clocks = local_rows(lake.spark, sites, "site string, time_zone string, start_s int, cut boolean")
    rows = tags.select(
        "tag_key",
        "kind",
        "equipment_key",
        (F.coalesce("max_hold_s", F.lit(0.0)) * 1_000_000).cast("bigint").alias("hold_us"),
        F.col("levels")[1].alias("site"),
        F.col("levels")[3].alias("line"),
    )
    rows = rows.join(F.broadcast(clocks), "site", "left").fillna({"time_zone": "UTC", "start_s": 0, "cut": False})
    return Catalogue(rows.withColumn("site_key", F.xxhash64("site")), any(s["cut"] for s in sites))
