"""Silver at three sizes, beside a straightforward implementation in the same process, turn by turn."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from rich.console import Console

from acme_lib import runtime
from acme_lib.bench.home import own_home
from acme_lib.bench.lake_rows import PARTITIONS, fill
from acme_lib.bench.report import Report, spread
from acme_lib.errors import Stop
from acme_lib.lake import Lakehouse, silver
from acme_lib.settings import settings

__all__ = ["run", "straightforward"]

SIZES = {900_000: 2, 2_700_000: 1, 8_640_000: 1}  # rows: turns
FURTHER = 10  # then a tenth more
NOW = datetime(2026, 11, 25, tzinfo=UTC)
FIELDS = (
    "messageId string, tsUtc string, topic string, value string, quality string, units string, sourceSystem string, "
    "lineageVersion string, schemaVersion string, errorCode string, epoch string, seq bigint, correlationId string, "
    "replayed boolean, receivedUtc string, bridgeId string, bridgeSeq bigint"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """Seconds of ours, of the straightforward one and of the least there is, over the backlog; of the first two over a tenth
    more; most bytes of heap ours used."""

    ours: float
    theirs: float
    least: float
    ours_further: float
    theirs_further: float
    heap: int


def straightforward(lake: Lakehouse, target: str, since: int = 0) -> None:
    """What a notebook of a few lines does: parse, split, cast, drop duplicates, MERGE on the message id. No rules, no drift.

    `since`: the first offset, in every partition, that it has not read.
    """
    rows = (
        _read(lake.read("bronze_events").where(F.col("source_offset") >= since))
        .withColumn("value_bool", F.col("value").try_cast("boolean"))
        .dropDuplicates(["messageId"])
    )
    if not Path(target).exists():
        rows.limit(0).write.format("delta").partitionBy("event_date").save(target)
    table = DeltaTable.forPath(lake.spark, target).alias("old")
    table.merge(rows.alias("new"), "old.messageId = new.messageId").whenNotMatchedInsertAll().execute()


def least(lake: Lakehouse, target: str) -> None:
    """Parse and append, with copies: no Silver on Spark's own functions can be faster than this."""
    _read(lake.read("bronze_events")).write.format("delta").partitionBy("event_date").save(target)


def _read(bronze: DataFrame) -> DataFrame:
    """from_json, the topic's levels by split, time and number by try_cast."""
    e = F.from_json(F.col("body").cast("string"), FIELDS)
    levels = {
        n: F.split("topic", "/")[i] for i, n in enumerate(("site", "area", "line", "cell", "equipment", "tag"), 1)
    }
    return (
        bronze.select("hub", "source_partition", "source_offset", "enqueued_utc", "received_utc", e.alias("e"))
        .select("*", "e.*")
        .where("messageId IS NOT NULL")
        .withColumns(levels)
        .withColumns(
            {
                "ts_utc": F.col("tsUtc").try_cast("timestamp"),
                "value_double": F.col("value").try_cast("double"),
                "event_date": F.to_date(F.col("tsUtc").try_cast("timestamp")),
            }
        )
        .drop("e")
    )


def turn(bronze: Lakehouse, rows: int, folder: Path) -> Turn:
    """Ours, then the straightforward one and the least, all from nothing; then the first two over a tenth more. What they wrote is removed."""
    (folder / "Tables").mkdir(parents=True)
    shutil.copytree(bronze.path("bronze_events"), folder / "Tables" / "bronze_events", copy_function=os.link)
    lake, target = Lakehouse(bronze.spark, str(folder)), folder / "straightforward"
    forget_peaks(lake.spark)
    ours, kept = _silver(lake)
    heap = peak_heap(lake.spark)
    theirs = _seconds(lambda: straightforward(lake, str(target)))
    barest = _seconds(lambda: least(lake, str(folder / "least")))
    fill(lake, rows // FURTHER, start=rows)
    ours_further, kept_further = _silver(lake)
    theirs_further = _seconds(lambda: straightforward(lake, str(target), rows // PARTITIONS))
    plain = lake.spark.read.format("delta").load(str(target)).count()
    if kept + kept_further < plain:
        raise Stop(
            f"Silver kept {kept + kept_further} rows where the straightforward one kept {plain}; the figures mean nothing"
        )
    shutil.rmtree(folder)
    return Turn(ours, theirs, barest, ours_further, theirs_further, heap)


def _silver(lake: Lakehouse) -> tuple[float, int]:
    """Seconds and rows of one run of the Silver job."""
    config = silver.Config(run_id="bench", max_rows_per_batch=settings().lake.max_rows_per_batch)
    start = monotonic()
    rows = silver.run(config, lake, NOW).rows_out
    return monotonic() - start, rows


def _seconds(work: Callable[[], None]) -> float:
    start = monotonic()
    work()
    return monotonic() - start


def heap_pools(spark: SparkSession) -> list[Any]:
    jvm: Any = spark._jvm
    pools = jvm.java.lang.management.ManagementFactory.getMemoryPoolMXBeans()
    return [pool for pool in pools if pool.getType().name() == "HEAP"]


def forget_peaks(spark: SparkSession) -> None:
    jvm: Any = spark._jvm
    jvm.java.lang.System.gc()
    for pool in heap_pools(spark):
        pool.resetPeakUsage()


def peak_heap(spark: SparkSession) -> int:
    """Most bytes of heap in use since `forget_peaks`, at most: each pool's own peak."""
    return sum(int(pool.getPeakUsage().getUsed()) for pool in heap_pools(spark))


def run(quick: bool) -> Report:
    """The report; `quick` runs a tenth of the smallest size once."""
    report = Report(
        "lake", "Silver beside a straightforward implementation", "acme bench lake",
        ("Bronze rows", "turns", "Silver whole, s", "rows/s", "straightforward, s", "rows/s", "times faster",
         "parse and append alone, s", "straightforward / that", "a tenth more, s", "straightforward, s", "times faster", "heap at most, MB"),
    )  # fmt: skip
    report.notes = [
        "Silver whole: parse, quality rules, drift, exact dedupe, violations, sequence marks, all commits. From an empty lake.",
        "Straightforward: from_json, split, try_cast, dropDuplicates, MERGE; it has no rules, no drift, no id conflicts.",
        "Parse and append alone: the straightforward one without dropDuplicates, MERGE and the boolean; no Silver on Spark's own functions and Delta's writer can be faster.",
        "A tenth more: then as many new rows as a tenth of the first, into the tables both have made.",
        "Both in one process, turn by turn. Floor: 3 times the straightforward one; aim: 100,000 rows/s.",
        "One row in 1,000 is a copy, one in 10,000 has a new field, one in 10,000 can't be read.",
        f"Slices of at most {settings().lake.max_rows_per_batch:,} rows: past one slice, memory no longer grows with the backlog.",
    ]
    with own_home() as own:
        spark = runtime.spark()
        for name, rows, turns in (
            ("warm", 20_000, 1),
            *((str(n), n, t) for n, t in ({90_000: 1} if quick else SIZES).items()),
        ):
            lake = Lakehouse(spark, str(own.home / f"bronze-{name}"))
            row = _one(lake, rows, turns, own.home / f"runs-{name}")
            shutil.rmtree(own.home / f"bronze-{name}")
            if name != "warm":  # the JIT's first turns
                report.rows.append(row)
    return report


def _one(lake: Lakehouse, rows: int, turns: int, folder: Path) -> list[str]:
    say = Console(stderr=True).print
    say(f"{rows:,} rows: making Bronze")
    fill(lake, rows)
    done = []
    for n in range(1, turns + 1):
        done.append(turn(lake, rows, folder / str(n)))
        say(f"{rows:,} rows, turn {n} of {turns}: {done[-1].ours:.1f} s, straightforward {done[-1].theirs:.1f} s")
    ours, theirs = [t.ours for t in done], [t.theirs for t in done]
    further = [t.theirs_further / t.ours_further for t in done]
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return [
        f"{rows:,}", str(turns), spread(ours, 1), spread([rows / s for s in ours], 0), spread(theirs, 1),
        spread([rows / s for s in theirs], 0), spread(ratios), spread([t.least for t in done], 1),
        spread([t.theirs / t.least for t in done]), spread([t.ours_further for t in done], 1),
        spread([t.theirs_further for t in done], 1), spread(further), f"{max(t.heap for t in done) / 1e6:,.0f}",
    ]  # fmt: skip
