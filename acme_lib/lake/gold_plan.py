"""What one Gold run has to do, found by one scan of what is new: tags, dimensions, touched hours and days."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from math import ceil
from types import TracebackType
from typing import Any

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import Contracts
from acme_lib.lake import dims, marks
from acme_lib.lake.dims_registry import Registry, cuts_hours, start_seconds
from acme_lib.lake.downtime import REASON, STATE
from acme_lib.lake.gold_parts import Catalogue
from acme_lib.lake.gold_time import timestamp
from acme_lib.lake.gold_touched import MARGIN, arrivals, edges, touched
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.local_rows import local_rows

__all__ = ["FACTS", "Work", "plan"]

FACTS = ("gold_hourly", "gold_state_hourly", "gold_daily", "gold_quality_hourly", "gold_downtime")
ROWS_A_TASK = 200_000  # below this a second task costs more than it saves
TAG_SHAPE = (
    "topic string, tag string, equipment_id string, site string, area string, line string, kind string, hold_us bigint, "
    "time_zone string, start_s int, cut boolean"
)


@dataclass(frozen=True)
class Work:
    """One run's inputs, fixed before it writes. `hours` None: everything is made anew, whatever the tables hold."""

    silver: DataFrame
    catalogue: Catalogue
    dimensions: dict[str, DataFrame]
    messages: dict[str, int]
    first_reports: dict[str, int]
    most_tasks: int
    rows_per_partition: int
    before: dict[str, DataFrame] = field(default_factory=dict)
    known: DataFrame | None = None
    hours: DataFrame | None = None
    dates: tuple[date, ...] = ()
    touched_hours: int = 0
    standing: int = 0
    cached: tuple[DataFrame, ...] = ()

    @property
    def rows(self) -> int:
        """New Silver rows."""
        return sum(self.messages.values())

    @property
    def affected(self) -> int:
        """At most so many Silver rows are read: the new ones, and the old ones of the touched dates."""
        return self.rows + self.standing

    @property
    def partitions(self) -> int:
        """Tasks of the pass over Silver: few for few rows, and never more rows in one than memory is meant for."""
        return max(min(self.most_tasks, 1 + self.affected // ROWS_A_TASK), self.affected // self.rows_per_partition)

    def __enter__(self) -> Work:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        for frame in reversed(self.cached):  # dependents first: Spark plans anew whatever still rests on a freed frame
            frame.unpersist()


def plan(
    lake: Lakehouse, facts: Contracts, silver: DataFrame, since: marks.Marks, rows_per_partition: int, now: datetime
) -> Work | None:
    """Reads what is new once; None where Silver has no row above `since`. Raises Stop where two topics share a key."""
    arrived = arrivals(marks.above(silver, since))
    arrived = arrived.persist() if since else arrived
    by_topic = arrived.groupBy("tag_key", "topic").agg(
        F.sum("messages").alias("messages"), F.min("first_new_us").alias("first_us"),
        F.min("hour").alias("low"), F.max("hour").alias("high"),
    )  # fmt: skip
    news = by_topic.collect()
    if not news:
        return None
    dims.check_collisions((r["tag_key"], r["topic"]) for r in news)
    registry = Registry(facts)
    longest = max(tag.max_hold_s for c in facts.tags.classes.values() for tag in c.tags)
    near = MARGIN + timedelta(days=ceil(longest / 86400))
    span = min(_day(r["low"]) for r in news) - near, max(_day(r["high"]) for r in news) + near
    seen = dims.dimensions(lake, registry, [r["topic"] for r in news], set(span), now)
    work = Work(
        silver,
        catalogue(lake, registry, seen.tags),
        seen.changed,
        {r["topic"]: int(r["messages"]) for r in news},
        _first_reports(news),
        2 * lake.spark.sparkContext.defaultParallelism,
        rows_per_partition,
    )
    return _narrowed(lake, work, arrived, span) if since else work


def _narrowed(lake: Lakehouse, work: Work, arrived: DataFrame, span: tuple[date, date]) -> Work:
    """The same work bounded to the hours that the arrivals touch."""
    before = {
        name: lake.read(name, lake.version(name)) for name in FACTS
    }  # as they are now, whatever is committed later
    known = edges(before["gold_hourly"], before["gold_daily"], *span)
    hours = touched(arrived, known, work.catalogue).persist()
    dates = hours.groupBy(timestamp(F.col("hour")).cast("date").alias("day")).agg(F.count("*").alias("n")).collect()
    days = tuple(sorted(r["day"] for r in dates))
    counted = before["gold_quality_hourly"].where(F.to_date("hour_utc").isin(*days))
    standing = int(counted.agg(F.sum("message_count")).collect()[0][0] or 0)
    return replace(
        work,
        before=before,
        known=known,
        hours=hours,
        dates=days,
        touched_hours=sum(r["n"] for r in dates),
        standing=standing,
        cached=(arrived, hours),
    )


def _day(micros: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).date()


def _first_reports(news: list[Any]) -> dict[str, int]:
    """Each equipment's first new report of state or its reason that may enter Gold."""
    found: dict[str, int] = {}
    for row in news:
        path, _, tag = row["topic"].split("/", 1)[1].rpartition("/")
        if tag in (STATE, REASON) and row["first_us"] is not None:
            found[path] = min(row["first_us"], found.get(path, row["first_us"]))
    return found


def catalogue(lake: Lakehouse, registry: Registry, tags: list[dims.Row]) -> Catalogue:
    """Each tag with its hold time and its site's clock."""
    clocks = {
        s.id: {"time_zone": s.time_zone, "start_s": start_seconds(s), "cut": cuts_hours(s)}
        for s in registry.sites.values()
    }
    utc = {"time_zone": "UTC", "start_s": 0, "cut": False}
    rows = []
    for tag in tags:
        site, area, line, *_ = tag["equipment_id"].split("/")
        held = {"hold_us": round((tag["max_hold_s"] or 0.0) * 1_000_000), "site": site, "area": area, "line": line}
        rows.append({**{k: tag[k] for k in ("topic", "tag", "equipment_id", "kind")}, **held, **clocks.get(site, utc)})
    keyed = local_rows(lake.spark, rows, TAG_SHAPE).withColumns(
        {"tag_key": F.xxhash64("topic"), "equipment_key": F.xxhash64("equipment_id"), "site_key": F.xxhash64("site")}
    )
    return Catalogue(keyed.drop("topic"), any(c["cut"] for c in clocks.values()))
