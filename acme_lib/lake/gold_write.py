"""Gold's commits: each table whole for what was touched, in one commit that also carries the mark."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake import dims
from acme_lib.lake.downtime import REASON, STATE, intervals, producing
from acme_lib.lake.gold_hold import EDGES, carried, chain, hourly_measures, state_measures
from acme_lib.lake.gold_parts import Catalogue, merged, parts
from acme_lib.lake.gold_rollup import daily_rows, quality_rows
from acme_lib.lake.gold_rows import hourly_rows, state_rows
from acme_lib.lake.gold_time import hour_of, timestamp
from acme_lib.lake.gold_touched import edges_around
from acme_lib.lake.lakehouse import Commit, Lakehouse
from acme_lib.monitoring import RunRecord

__all__ = ["Work", "write"]


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
    commits: list[Commit]


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
    _write_downtime(lake, work, record)
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


def _write_downtime(lake: Lakehouse, work: Work, record: RunRecord) -> None:
    """Equipment that reported a state or a reason anew gets its intervals anew, from its first report on."""
    labels = lake.read("gold_dim_tag").where(F.col("tag").isin(STATE, REASON)).select("tag_key", "equipment_key")
    keys = work.arrived.join(F.broadcast(labels), "tag_key").select("equipment_key").distinct()
    wanted = labels.join(keys, "equipment_key", "leftsemi").select("tag_key")
    rows = intervals(
        work.silver.join(F.broadcast(wanted), "tag_key", "leftsemi"), work.catalogue, producing(contracts())
    )
    swap(lake, "gold_downtime", rows, keys, None, [], work, record)


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
    work.commits.append(commit)
    record.rows_out += commit.rows
    record.bytes_out += commit.bytes
    record.counters[f"{table}_rows"] = commit.rows
