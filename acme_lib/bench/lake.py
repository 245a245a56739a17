"""Silver at three sizes, beside a straightforward implementation in the same process, turn by turn."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from delta.tables import DeltaTable
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib import runtime
from acme_lib.bench.home import own_home
from acme_lib.bench.lake_rows import fill
from acme_lib.bench.report import Report, spread
from acme_lib.lake import Lakehouse, silver

__all__ = ["run", "straightforward"]

SIZES = {900_000: 3, 2_700_000: 2, 8_640_000: 1}  # rows: turns
NOW = datetime(2026, 11, 25, tzinfo=UTC)
FIELDS = (
    "messageId string, tsUtc string, topic string, value string, quality string, units string, sourceSystem string, "
    "lineageVersion string, schemaVersion string, errorCode string, epoch string, seq bigint, correlationId string, "
    "replayed boolean, receivedUtc string, bridgeId string, bridgeSeq bigint"
)


def straightforward(lake: Lakehouse, target: str) -> None:
    """What a notebook of a few lines does: parse, split, cast, drop duplicates, MERGE on the message id. No rules, no drift."""
    e = F.from_json(F.col("body").cast("string"), FIELDS)
    levels = {
        n: F.split("topic", "/")[i] for i, n in enumerate(("site", "area", "line", "cell", "equipment", "tag"), 1)
    }
    rows = (
        lake.read("bronze_events")
        .select("hub", "source_partition", "source_offset", "enqueued_utc", "received_utc", e.alias("e"))
        .select("*", "e.*")
        .where("messageId IS NOT NULL")
        .withColumns(levels)
        .withColumns(
            {
                "ts_utc": F.col("tsUtc").try_cast("timestamp"),
                "value_double": F.col("value").try_cast("double"),
                "value_bool": F.col("value").try_cast("boolean"),
                "event_date": F.to_date(F.col("tsUtc").try_cast("timestamp")),
            }
        )
        .drop("e")
        .dropDuplicates(["messageId"])
    )
    _empty_like(rows, target)
    table = DeltaTable.forPath(lake.spark, target).alias("old")
    table.merge(rows.alias("new"), "old.messageId = new.messageId").whenNotMatchedInsertAll().execute()


def _empty_like(rows: DataFrame, target: str) -> None:
    rows.limit(0).write.format("delta").partitionBy("event_date").save(target)


def turn(bronze: Lakehouse, folder: Path) -> tuple[float, float, int]:
    """Seconds of ours, seconds of the straightforward one, rows Silver kept. Both start from nothing."""
    (folder / "Tables").mkdir(parents=True)
    os.symlink(bronze.path("bronze_events"), folder / "Tables" / "bronze_events")
    start = monotonic()
    record = silver.run(silver.Config(run_id="bench"), Lakehouse(bronze.spark, str(folder)), NOW)
    ours = monotonic() - start
    start = monotonic()
    straightforward(bronze, str(folder / "straightforward"))
    return ours, monotonic() - start, record.rows_out


def run(quick: bool) -> Report:
    """The report; `quick` runs the smallest size once, with a tenth of the rows."""
    report = Report(
        "lake", "Silver beside a straightforward implementation", "acme bench lake",
        ("Bronze rows", "turns", "Silver whole, s", "rows/s", "straightforward, s", "rows/s", "times faster"),
    )  # fmt: skip
    report.notes = [
        "Silver whole: parse, quality rules, drift, exact dedupe, violations, sequence marks, all commits. From an empty lake.",
        "Straightforward: from_json, split, try_cast, dropDuplicates, MERGE; it has no rules, no drift, no id conflicts.",
        "One row in 1,000 is a copy, one in 10,000 has a new field, one in 10,000 can't be read.",
    ]
    with own_home() as settings:
        spark = runtime.spark()
        _one(
            Lakehouse(spark, str(settings.home / "warm")), 20_000, 1, settings.home / "warm-runs"
        )  # the JIT's first turns
        for rows, turns in ({90_000: 1} if quick else SIZES).items():
            lake = Lakehouse(spark, str(settings.home / f"bronze-{rows}"))
            report.rows.append(_one(lake, rows, turns, settings.home / f"runs-{rows}"))
    return report


def _one(lake: Lakehouse, rows: int, turns: int, folder: Path) -> list[str]:
    fill(lake, rows)
    times = [turn(lake, folder / str(n)) for n in range(turns)]
    ours, theirs = [t[0] for t in times], [t[1] for t in times]
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return [
        f"{rows:,}", str(turns), spread(ours, 1), spread([rows / s for s in ours], 0), spread(theirs, 1),
        spread([rows / s for s in theirs], 0), spread(ratios),
    ]  # fmt: skip
