"""Features: rows a second in the kernel and in the whole Spark job, and what a frame costs at the edge, beside pandas."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report, spread
from acme_lib.contracts import contracts
from acme_lib.features import Fitted, Frames, Online, compute, fit

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["run"]

ENGINE = "testbed/turbofan/fd001/train/engine-{:03d}"
START = datetime(2024, 1, 1, tzinfo=UTC)
CYCLES = 206  # FD001's mean life
HOUR_US = 3_600_000_000


def engines(count: int) -> list[Frames]:
    """Run-to-failure histories like FD001's: 14 sensors that drift, 7 that stand, one regime."""
    spec, found = contracts().feature_specs["turbofan"], []
    tags = len(spec.frame.tags)
    times = int(START.timestamp() * 1e6) + HOUR_US * np.arange(CYCLES, dtype=np.int64)
    wear = np.linspace(0, 1, CYCLES)[:, None] ** 3
    for n in range(count):
        rng = np.random.default_rng(n)
        values = 500 + rng.normal(0, 1, (CYCLES, tags)) + 4 * wear
        values[:, -7:] = 518.67
        found.append(Frames(ENGINE.format(n + 1), times, values))
    return found


def pandas_rows(frames: Frames) -> int:
    """The same windows the usual way: pandas rolling, mean and std (no slopes, sums or events). Rows made."""
    import pandas as pd

    spec = contracts().feature_specs["turbofan"]
    table = pd.DataFrame(frames.values, columns=spec.frame.tags)
    parts = [getattr(table.rolling(w, min_periods=1), stat)() for w in spec.windows for stat in ("mean", "std")]
    return len(pd.concat(parts, axis=1))


def _computed(work: tuple[Fitted, list[Frames]]) -> int:
    return sum(len(compute(work[0], frames)) for frames in work[1])


def kernel(fitted: Fitted, history: list[Frames], turns: int) -> tuple[list[float], list[float]]:
    """Rows a second of two processes, and of pandas in one."""
    ours, theirs = [], []
    halves = [(fitted, history[::2]), (fitted, history[1::2])]
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_computed, halves))
        for _ in range(turns):
            start = perf_counter()
            rows = sum(pool.map(_computed, halves))
            ours.append(rows / (perf_counter() - start))
            start = perf_counter()
            few = sum(pandas_rows(frames) for frames in history[:20])
            theirs.append(few / (perf_counter() - start))
    return ours, theirs


def online(fitted: Fitted, frames: Frames) -> list[float]:
    """Milliseconds each frame cost, readings included."""
    edge, costs, tags = Online(fitted, frames.equipment_id), [], fitted.spec.frame.tags
    for at, row in zip(frames.times.tolist(), frames.values.tolist(), strict=True):
        start = perf_counter()
        for tag, value in zip(tags, row, strict=True):
            edge.add(tag, at, value)
        costs.append(1000 * (perf_counter() - start))
    return costs


def fill(lake: Lakehouse, count: int) -> None:
    """silver_events of `count` engines, made in Spark."""
    from pyspark.sql import functions as F

    from acme_lib.lake import schema

    tags = contracts().feature_specs["turbofan"].frame.tags
    n, width = F.col("id"), len(tags)
    cycle, place = F.floor(n / width) % CYCLES, n % width
    equipment = F.format_string(ENGINE.replace("{:03d}", "%03d"), F.floor(n / (width * CYCLES)) + 1)
    at = F.timestamp_micros(F.lit(int(START.timestamp() * 1e6)) + cycle * HOUR_US)
    tag = F.element_at(F.array(*map(F.lit, tags)), (place + 1).cast("int"))
    made = lake.spark.range(count * CYCLES * width, numPartitions=4).select(
        F.concat(F.lit("id-"), n).alias("message_id"), at.alias("ts_utc"), at.cast("date").alias("event_date"),
        equipment.alias("equipment_id"), tag.alias("tag"), (500 + F.randn(1) + cycle / 50).alias("value_double"),
        F.lit("GOOD").alias("quality"), F.lit(True).alias("replayed"), F.lit(True).alias("in_gold"), n.alias("bridge_seq"),
    )  # fmt: skip
    others = {f.name: F.lit(None).cast(f.dataType) for f in schema("silver_events") if f.name not in made.columns}
    lake.append("silver_events", made.withColumns(others), {"through": {"telemetry/0": 0}, "version": "bench"})


def job(count: int, turns: int) -> tuple[list[float], int]:
    """Rows a second of the whole Spark job, from silver_events to the commit of feature_vectors."""
    from acme_lib import runtime
    from acme_lib.features import batch
    from acme_lib.lake import Lakehouse

    with own_home() as found:
        lake: Any = Lakehouse(runtime.spark(), str(found.lakehouse_dir))
        fill(lake, count)
        rates, rows = [], 0
        for turn in range(turns + 1):
            record = batch.run(batch.Config(run_id=f"bench-{turn}"), lake, START + timedelta(days=turn))
            rows = record.rows_out
            rates.append(rows / record.seconds)
    return rates[1:], rows  # the first turn warms the JVM and the workers


def run(quick: bool = False) -> Report:
    """The report."""
    history = engines(20 if quick else 200)
    fitted = fit(contracts().feature_specs["turbofan"], history)
    report = Report("features", "Features: batch and edge", "acme bench features", ("what", "rows", "figure"))
    ours, theirs = kernel(fitted, history, 1 if quick else 5)
    costs = online(fitted, history[0])[1:]
    readings = len(fitted.spec.frame.tags)
    report.rows = [
        ("kernel, 2 processes, rows/s", f"{len(history) * CYCLES:,}", spread(ours, 0)),
        ("pandas rolling mean and std alone, 1 process, rows/s", f"{20 * CYCLES:,}", spread(theirs, 0)),
        ("edge, a frame with its readings, ms: median (least to most)", f"{len(costs):,}", spread(costs)),
        ("edge, the same a reading, us", f"{len(costs) * readings:,}", spread([1000 * c / readings for c in costs], 1)),
    ]
    rates, rows = job(10 if quick else 300, 1 if quick else 2)
    report.rows.append(("Spark job, silver_events to commit, local[2], rows/s", f"{rows:,}", spread(rates, 0)))
    report.notes = [
        f"A row is a vector of {compute(fitted, history[0]).shape[1]} features of {readings} tags, histories of {CYCLES} frames, windows {list(fitted.spec.windows)}.",
        f"The Spark job reads {readings} Silver rows a feature row, assembles frames, learns the spec anew, computes and commits.",
        "Aims: 20,000 rows/s in batch on 2 cores; 1.2 ms a frame and 50 us a reading at the edge.",
    ]
    return report
