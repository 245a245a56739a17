"""Gold at three sizes: hourly and daily tables beside a straightforward Spark implementation, and a day extrapolated."""

from __future__ import annotations

import os
from pathlib import Path
from statistics import linear_regression, median
from time import monotonic
from typing import TYPE_CHECKING

from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report, spread

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["run", "straightforward"]

SIZES = {900_000: 3, 2_700_000: 2, 8_640_000: 1}  # rows: turns
QUICK = {90_000: 1}
WARM = 300_000  # both sides once before the first turn, so that neither meets a cold compiler
DAY, LIMIT_S = 86_400_000, 900
TAGS = 1_000


def fill(lake: Lakehouse, rows: int) -> None:
    """Fills silver_events: 1,000 gauges, one reading of each a second, in order of time."""
    from pyspark.sql import functions as F

    from acme_lib.lake import schema

    n, tag = F.col("id"), F.col("id") % TAGS
    us = F.lit(1_790_000_000_000_000) + F.floor(n / TAGS) * 1_000_000
    engine = F.format_string(
        "acme/testbed/turbofan/fd001/train/engine-%03d/sensor_%02d", tag % 50 + 1, F.floor(tag / 50) + 1
    )
    made = lake.spark.range(rows, numPartitions=4).select(
        F.concat(F.lit("id-"), n).alias("message_id"),
        F.timestamp_micros(us).alias("ts_utc"),
        F.timestamp_micros(us).cast("date").alias("event_date"),
        engine.alias("topic"),
        F.element_at(F.split(engine, "/"), -1).alias("tag"),
        F.xxhash64(engine).alias("tag_key"),
        (F.sin(n) * 20 + 600).alias("value_double"),
        F.when(n % 97 == 0, "STALE").otherwise("GOOD").alias("quality"),
        (n % 97 != 0).alias("in_gold"),
        F.xxhash64("id").alias("body_hash"),
        F.floor(n / TAGS).alias("seq"),
        F.lit("telemetry").alias("hub"),
        F.lit(0).alias("source_partition"),
        n.alias("source_offset"),
    )
    others = {f.name: F.lit(None).cast(f.dataType) for f in schema("silver_events") if f.name not in made.columns}
    lake.append("silver_events", made.withColumns(others), {"through": {"telemetry/0": rows - 1}, "version": "bench"})


def straightforward(lake: Lakehouse, folder: Path) -> None:
    """What a notebook of a few lines does: a window for the hold, hour and day each from Silver, overwrite. Gauges only."""
    from pyspark.sql import Window
    from pyspark.sql import functions as F

    rows = lake.read("silver_events").where("in_gold")
    along = Window.partitionBy("topic").orderBy("ts_utc")
    held = F.lead("ts_utc").over(along).cast("double") - F.col("ts_utc").cast("double")
    rows = rows.withColumn("held", F.least(held, F.lit(7200.0)))
    for unit in ("hour", "day"):
        value, weight = F.col("value_double"), F.col("held")
        made = rows.groupBy("topic", F.date_trunc(unit, "ts_utc").alias("start")).agg(
            F.count("*").alias("n"),
            F.avg(value).alias("avg"),
            F.min(value).alias("low"),
            F.max(value).alias("high"),
            F.stddev(value).alias("stddev"),
            (F.sum(value * weight) / F.sum(weight)).alias("weighted"),
        )
        made.write.format("delta").mode("overwrite").save(str(folder / f"plain_{unit}"))


def turn(silver: Lakehouse, folder: Path) -> tuple[float, float]:
    """Seconds of the Gold job and of the straightforward one over the same Silver. Both start from nothing."""
    from acme_lib import runtime
    from acme_lib.lake import Lakehouse, gold

    (folder / "Tables").mkdir(parents=True)
    os.symlink(silver.path("silver_events"), folder / "Tables" / "silver_events")
    record = gold.run(gold.Config(run_id="bench"), Lakehouse(silver.spark, str(folder)), runtime.now())
    start = monotonic()
    straightforward(silver, folder)
    return record.seconds, monotonic() - start


def measured(folder: Path, rows: int, turns: int) -> tuple[list[float], list[float]]:
    from acme_lib import runtime
    from acme_lib.lake import Lakehouse

    lake = Lakehouse(runtime.spark(), str(folder / f"silver-{rows}"))
    fill(lake, rows)
    times = [turn(lake, folder / f"gold-{rows}-{n}") for n in range(turns)]
    return [t[0] for t in times], [t[1] for t in times]


def run(quick: bool = False) -> Report:
    """The report; `quick` runs a tenth of the smallest size once."""
    report = Report(
        "gold", "Gold beside a straightforward implementation", "acme bench gold",
        ("Silver rows", "turns", "Gold whole, s", "rows/s", "straightforward, s", "rows/s", "times faster", "peak memory, GB"),
    )  # fmt: skip
    points = []
    with own_home() as found:
        if not quick:
            measured(found.home / "warm", WARM, 1)
        for rows, turns in (QUICK if quick else SIZES).items():
            ours, theirs = measured(found.home, rows, turns)
            points.append((rows, median(ours)))
            report.rows.append(
                [
                    f"{rows:,}", str(turns), spread(ours, 1), spread([rows / s for s in ours], 0), spread(theirs, 1),
                    spread([rows / s for s in theirs], 0), spread([b / a for a, b in zip(ours, theirs, strict=True)]),
                    f"{peak_gb():.1f}",
                ]
            )  # fmt: skip
    report.notes = [
        "Gold whole: hours, production days, states, quality by hour, standstills, dimensions, lineage; 10 commits, from an empty lake.",
        "Straightforward: hours and days of gauges from Silver with one window each; no flags, states, dimensions or marks.",
        "Memory: the JVM's largest resident set so far; its heap is 3 GB (lake.spark_memory) at every size.",
    ]
    if len(points) > 1:
        report.notes.append(extrapolated(points))
    return report


def peak_gb() -> float:
    """Largest resident set of the JVM since it started."""
    from acme_lib import runtime

    jvm = runtime.spark()._jvm
    assert jvm is not None
    pid = jvm.java.lang.ProcessHandle.current().pid()
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next((int(line.split()[1]) / 1e6 for line in lines if line.startswith("VmHWM")), float("nan"))


def extrapolated(points: list[tuple[int, float]]) -> str:
    """The day of the backlog from a straight line through the sizes."""
    slope, fixed = linear_regression([p[0] for p in points], [p[1] for p in points])
    day = fixed + slope * DAY
    return (
        f"A day at 1,000 msg/s (86.4 M rows) by a straight line through the sizes ({fixed:.1f} s and {slope * 1e6:.2f} s a "
        f"million rows): {day:,.0f} s, {'within' if day <= LIMIT_S else 'over'} the backlog's {LIMIT_S} s. Extrapolated, not run."
    )
