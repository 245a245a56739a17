"""The Gold job: makes anew every hour and day that new Silver rows reach, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import Contracts, contracts
from acme_lib.lake import dims, marks
from acme_lib.lake.dims_registry import Registry, cuts_hours, start_seconds
from acme_lib.lake.gold_hold import EDGES, carried, chain, hourly_measures, state_measures
from acme_lib.lake.gold_parts import Catalogue, merged, parts
from acme_lib.lake.gold_rollup import daily_rows, quality_rows
from acme_lib.lake.gold_rows import hourly_rows, state_rows
from acme_lib.lake.gold_time import hour_of, timestamp
from acme_lib.lake.gold_touched import arrivals, edges_around, touched
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.lineage_version import transformation_version
from acme_lib.lake.local_rows import local_rows
from acme_lib.monitoring import RunRecord, recording

__all__ = ["FACTS", "Config", "run"]

FACTS = ("gold_hourly", "gold_state_hourly", "gold_daily", "gold_quality_hourly")


class Config(BaseModel):
    """Parameters of the notebook gold_aggregate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    full: bool = False
    rows_per_partition: int = 3_000_000


@dataclass(frozen=True)
class Work:
    """One run's inputs, fixed before it writes: Silver at one version, what arrived, how far it reaches."""

    silver: DataFrame
    arrived: DataFrame
    hours: DataFrame
    catalogue: Catalogue
    whole: bool
    partitions: int
    note: dict[str, Any]


def run(config: Config, lake: Lakehouse, now: datetime) -> RunRecord:
    """One run. Without news nothing is committed; after a crash between two commits the same call completes them."""
    with recording(config.run_id, "gold", now) as record:
        end = marks.through(lake.note("silver_events"))
        silver = lake.read("silver_events", lake.version("silver_events"))
        since = {} if config.full else lowest([marks.through(lake.note(t)) for t in FACTS])
        if end == since:
            record.counters = {"touched_hours": 0, "new_rows": 0}
            return record
        note = {"through": end, "version": transformation_version(), "run": config.run_id, "job": "gold"}
        work = prepare(lake, silver, since, note, config, now)
        try:
            write(lake, work, record)
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
    return Work(silver, arrived, hours, known, not since, partitions, {**note, "rows": rows})


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


def write(lake: Lakehouse, work: Work, record: RunRecord) -> None:
    """Commits hours and states from one pass over Silver, then what rolls up from them."""
    dates = [r[0] for r in work.hours.select(timestamp(F.col("hour")).cast("date").alias("d")).distinct().collect()]
    if not dates:
        return
    by_state = parts(_affected(work, dates), work.catalogue, work.partitions).persist()
    try:
        _write_hours(lake, work, by_state, dates, record)
    finally:
        by_state.unpersist()
    _write_rollups(lake, work, dates, record)
    dims.update_dates(lake, dates, {"job": "gold"})
    record.rows_in = work.note["rows"]
    record.counters |= {"touched_hours": work.hours.count(), "touched_dates": len(dates), "new_rows": record.rows_in}


def _affected(work: Work, dates: list[Any]) -> DataFrame:
    rows = work.silver.where(F.col("event_date").isin(dates))
    if work.whole:
        return rows
    rows = rows.withColumn("hour", hour_of(F.unix_micros("ts_utc")))
    return rows.join(F.broadcast(work.hours), ["tag_key", "hour"], "leftsemi")


def _write_hours(lake: Lakehouse, work: Work, by_state: DataFrame, dates: list[Any], record: RunRecord) -> None:
    inner = merged(by_state)
    edges = inner.where("good_count > 0").select(*EDGES)
    if not work.whole:
        edges = edges.unionByName(edges_around(lake.read("gold_hourly"), work.hours))
    chained = chain(edges, work.catalogue).persist()
    pieces = carried(chained, work.catalogue)
    made = {
        "gold_hourly": hourly_rows(_wanted(hourly_measures(inner, chained, pieces), work), work.catalogue),
        "gold_state_hourly": state_rows(_wanted(state_measures(by_state, chained, pieces), work), work.catalogue),
    }
    keys = work.hours.select("tag_key", timestamp(F.col("hour")).alias("hour_utc"))
    try:
        for table, rows in made.items():
            swap(lake, table, rows, keys, "hour_date", dates, work, record)
    finally:
        chained.unpersist()


def _wanted(measures: DataFrame, work: Work) -> DataFrame:
    rows = measures.withColumn("hour", hour_of(F.col("period")))
    return rows.join(F.broadcast(work.hours), ["tag_key", "hour"], "leftsemi").drop("hour")


def _write_rollups(lake: Lakehouse, work: Work, dates: list[Any], record: RunRecord) -> None:
    near = [F.date_add(F.lit(min(dates)), -2), F.date_add(F.lit(max(dates)), 2)]
    hourly = lake.read("gold_hourly").where(F.col("hour_date").between(*near))
    keys = work.hours.select("tag_key", timestamp(F.col("hour")).alias("hour_utc"))
    days = hourly.join(F.broadcast(keys), ["tag_key", "hour_utc"], "leftsemi").select("tag_key", "date_key").distinct()
    days = days.persist()
    day_keys = [r[0] for r in days.select("date_key").distinct().collect()]
    daily = daily_rows(hourly.join(days, ["tag_key", "date_key"], "leftsemi"), work.catalogue, work.partitions)
    swap(lake, "gold_daily", daily, days, "date_key", day_keys, work, record)
    days.unpersist()
    places = work.catalogue.rows.select("tag_key", "site", "line")
    spots = keys.join(F.broadcast(places), "tag_key").select("site", "line", "hour_utc").distinct()
    counted = hourly.join(F.broadcast(places), "tag_key").join(spots, ["site", "line", "hour_utc"], "leftsemi")
    quality = quality_rows(counted.drop("site", "line"), work.catalogue)
    swap(lake, "gold_quality_hourly", quality, spots, None, [], work, record)


def swap(
    lake: Lakehouse,
    table: str,
    rows: DataFrame,
    keys: DataFrame,
    column: str | None,
    values: list[Any],
    work: Work,
    record: RunRecord,
) -> None:
    """Puts `rows` in the place of those with `keys`, in one commit that also carries the mark.

    Whole partitions are rewritten without the old rows: Gold's are thousands of times smaller than Silver's, and an
    overwrite is one job where a MERGE needs two joins.
    """
    old = lake.read(table)
    where = None
    if column:
        listed = ", ".join(f"DATE'{v}'" if column == "hour_date" else str(v) for v in sorted(values))
        where = f"{column} IN ({listed})" if listed else "false"
        old = old.where(where)
    kept = old.join(keys, keys.columns, "leftanti")
    both = rows.unionByName(kept.select(*rows.columns))
    commit = lake.replace(table, both.coalesce(1) if not column else both, work.note, where)
    record.rows_out += commit.rows
    record.bytes_out += commit.bytes
    record.counters[f"{table}_rows"] = commit.rows
