"""Gold's commits: each table whole for what was touched, in one commit that also carries the mark."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake.downtime import intervals, producing, said
from acme_lib.lake.gold_downtime import cuts, resumed, standing
from acme_lib.lake.gold_hold import hourly_measures, spans, state_measures
from acme_lib.lake.gold_parts import parts
from acme_lib.lake.gold_plan import Work
from acme_lib.lake.gold_rollup import daily_rows, quality_rows
from acme_lib.lake.gold_rows import hourly_rows, state_rows
from acme_lib.lake.gold_time import hour_of, timestamp
from acme_lib.lake.gold_touched import edges_around
from acme_lib.lake.lakehouse import Commit, Lakehouse
from acme_lib.monitoring import RunRecord

__all__ = ["write"]

AT_ONCE = 3  # commits side by side: planning one keeps a single core busy
Commits = Sequence[Callable[[], Commit]]


def write(lake: Lakehouse, work: Work, note: dict[str, Any], record: RunRecord) -> list[Commit]:
    """Commits every table from one pass over Silver. Returns the facts' commits.

    Dimensions, hours and states first: only when they stand do the marks of the others pass this run's rows, so a run
    that breaks off between is made whole by the next.
    """
    by_text = parts(_affected(work), work.catalogue, work.partitions).persist()
    outside = edges_around(work.known, work.hours) if work.known is not None and work.hours is not None else None
    spread = spans(by_text, outside, work.catalogue).persist()
    hourly = hourly_rows(_wanted(hourly_measures(spread), work), work.catalogue).persist()
    states = state_rows(_wanted(state_measures(by_text, spread), work), work.catalogue)
    try:
        seen = {"job": note["job"], "run": note["run"]}
        dimensions = [lambda n=n, f=f: lake.replace(n, f, seen) for n, f in work.dimensions.items()]
        made = at_once(
            [
                lambda: by_hour(lake, work, "gold_hourly", hourly, note),
                lambda: by_hour(lake, work, "gold_state_hourly", states, note),
                *dimensions,
            ]
        )[:2]
        made += at_once(
            [
                lambda: days(lake, work, hourly, note),
                lambda: qualities(lake, work, hourly, note),
                lambda: standstills(lake, work, note),
            ]
        )
    finally:
        for frame in (hourly, spread, by_text):  # dependents first, see Work
            frame.unpersist()
    tally(record, work, made)
    return made


def at_once(commits: Commits) -> list[Commit]:
    """Makes independent commits side by side, in order of their results; the first fault is raised once all have ended."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        running = [pool.submit(commit) for commit in commits]
    return [r.result() for r in running]


def tally(record: RunRecord, work: Work, made: list[Commit]) -> None:
    record.rows_in = work.rows
    record.rows_out, record.bytes_out = sum(c.rows for c in made), sum(c.bytes for c in made)
    touched = made[0].rows if work.hours is None else work.touched_hours
    record.counters = {f"{c.table}_rows": c.rows for c in made}
    record.counters |= {"touched_hours": touched, "touched_dates": len(work.dates), "new_rows": work.rows}


def _affected(work: Work) -> DataFrame:
    if work.hours is None:
        return work.silver
    rows = work.silver.where(F.col("event_date").isin(*work.dates))
    rows = rows.withColumn("hour", hour_of(F.unix_micros("ts_utc")))
    return rows.join(F.broadcast(work.hours), ["tag_key", "hour"], "leftsemi")


def _wanted(measures: DataFrame, work: Work) -> DataFrame:
    if work.hours is None:
        return measures
    rows = measures.withColumn("hour", hour_of(F.col("period")))
    return rows.join(F.broadcast(work.hours), ["tag_key", "hour"], "leftsemi").drop("hour")


def keys(work: Work) -> DataFrame | None:
    if work.hours is None:
        return None
    return work.hours.select("tag_key", timestamp(F.col("hour")).alias("hour_utc"))


def by_hour(lake: Lakehouse, work: Work, table: str, rows: DataFrame, note: dict[str, Any]) -> Commit:
    """Replaces the touched hours: whole dates are rewritten, with the hours of theirs that were not touched.

    Gold's dates are thousands of times smaller than Silver's, and an overwrite is one job where a MERGE needs two joins.
    """
    touched = keys(work)
    if touched is None:
        return lake.replace(table, rows, note)
    listed = ", ".join(f"DATE'{d}'" for d in work.dates)
    old = work.before[table].where(F.col("hour_date").isin(*work.dates))
    kept = old.join(F.broadcast(touched), touched.columns, "leftanti")
    return lake.replace(table, rows.unionByName(kept.select(*rows.columns)), note, f"hour_date IN ({listed})")


def days(lake: Lakehouse, work: Work, hourly: DataFrame, note: dict[str, Any]) -> Commit:
    """Replaces the production days that hold a touched hour, from all their hours."""
    touched = keys(work)
    if touched is None:
        return lake.replace("gold_daily", daily_rows(hourly, work.catalogue, work.partitions), note)
    around = [F.date_add(F.lit(work.dates[0]), -2), F.date_add(F.lit(work.dates[-1]), 2)]
    old = work.before["gold_hourly"].where(F.col("hour_date").between(*around))
    kept = old.join(F.broadcast(touched), touched.columns, "leftanti")
    made = hourly.select("tag_key", "date_key").distinct()
    whole = hourly.unionByName(kept.join(F.broadcast(made), made.columns, "leftsemi"))
    daily = daily_rows(whole, work.catalogue, work.partitions)
    old_days = work.before["gold_daily"].join(F.broadcast(made), made.columns, "leftanti")
    dates = sorted(r["date_key"] for r in made.select("date_key").distinct().collect())
    listed = F.col("date_key").isin(*dates)
    where = f"date_key IN ({', '.join(map(str, dates))})"
    return lake.replace("gold_daily", daily.unionByName(old_days.where(listed).select(*daily.columns)), note, where)


def qualities(lake: Lakehouse, work: Work, hourly: DataFrame, note: dict[str, Any]) -> Commit:
    """Replaces the touched hours of the touched lines."""
    touched = keys(work)
    if touched is None:
        return lake.replace("gold_quality_hourly", quality_rows(hourly, work.catalogue).coalesce(1), note)
    places = F.broadcast(work.catalogue.rows.select("tag_key", "site", "area", "line"))
    spots = F.broadcast(touched.join(places, "tag_key", "inner").select("site", "area", "line", "hour_utc").distinct())
    old = work.before["gold_hourly"].where(F.col("hour_date").isin(*work.dates))
    kept = old.join(F.broadcast(touched), touched.columns, "leftanti")
    kept = kept.join(places, "tag_key", "inner").join(spots, ["site", "area", "line", "hour_utc"], "leftsemi")
    made = quality_rows(hourly.unionByName(kept.select(*hourly.columns)), work.catalogue)
    others = work.before["gold_quality_hourly"].join(spots, ["site", "area", "line", "hour_utc"], "leftanti")
    return lake.replace("gold_quality_hourly", made.unionByName(others.select(*made.columns)).coalesce(1), note)


def standstills(lake: Lakehouse, work: Work, note: dict[str, Any]) -> Commit:
    """Replaces the intervals that new reports of state or reason reach."""
    up = producing(contracts())
    if work.hours is None:
        rows = intervals(said(work.silver), work.catalogue, up)
        return lake.replace("gold_downtime", rows.coalesce(1), note)
    old = work.before["gold_downtime"]
    if not work.first_reports:
        return lake.append("gold_downtime", old.limit(0), note)
    found = cuts(work.first_reports, old, work.before["gold_daily"], work.catalogue.rows)
    made = intervals(resumed(work.silver, found), work.catalogue, up)
    return lake.replace("gold_downtime", made.unionByName(standing(old, found).select(*made.columns)).coalesce(1), note)
