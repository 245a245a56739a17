"""The Silver job: what is new in Bronze, in slices of bounded size, to each of Silver's tables exactly once."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.lake import drift, registry_gaps
from acme_lib.lake.dedupe import raised
from acme_lib.lake.gold_small import planned_for
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.marks import Slice, above, merged, slices, through
from acme_lib.lake.silver_batch import Batch
from acme_lib.lake.version import transformation_version
from acme_lib.monitoring import LakeAlerts, RunRecord, recording
from acme_lib.settings import settings

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Config", "run"]

ROW_COST = 3  # a row of Bronze costs that many of Gold's, for which `planned_for` was measured
MANY_DAYS = 3  # event dates up to which each writing task makes its own file a date


class Config(BaseModel):
    """Parameters of one run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    max_rows_per_batch: int | None = Field(
        None, ge=1, description="most Bronze rows in memory at once; None for the setting lake.max_rows_per_batch"
    )


def run(config: Config, lake: Lakehouse, now: datetime) -> RunRecord:
    """Takes silver_events up to Bronze's marks. Raises Stop where a table is not as its contract says."""
    with recording(config.run_id, "silver_transform", now) as record:
        bronze = lake.note("bronze_events")  # before the version: rows may be newer than the note, never older
        version = lake.version("bronze_events")
        done = through(lake.note("silver_events"))
        counters: Counter[str] = Counter()
        most = config.max_rows_per_batch or settings().lake.max_rows_per_batch
        for piece in slices(bronze.get("first", {}), done, through(bronze), most):
            note = {"run_id": config.run_id, "version": transformation_version(), "bronze_version": version}
            with planned_for(lake.spark, piece.size() * ROW_COST):
                counters.update(_take(lake, piece.of(lake.read("bronze_events")), piece, note, now))
            counters["slices"] += 1
        if counters["slices"]:
            with planned_for(lake.spark, 0):
                drift.close_released(lake, LakeAlerts(lake), now)
        record.rows_in, record.rows_out = counters["rows"], counters["silver_rows"]
        record.bytes_out = counters["bytes"]
        record.counters = dict(sorted(counters.items()))
    return record


def _take(lake: Lakehouse, raw: DataFrame, piece: Slice, note: dict[str, Any], now: datetime) -> dict[str, int]:
    """One slice into every table, silver_events last: its mark says that all others have the slice too."""
    batch = Batch(raw)
    try:
        marks = lake.read("silver_sequence_marks").toArrow()
        events = batch.events(marks, lake.read("silver_events") if lake.exists("silver_events") else None)
        _raise_marks(lake, batch, marks, piece, note, now)
        fields = _announce(lake, batch, piece, note, now)
        broken = _append(lake, "silver_violations", batch.violations(events).withColumn("detected_utc", F.lit(now))
                         .repartition("enqueued_date"), piece, note)  # fmt: skip
        spread = events.hint("rebalance", "event_date") if batch.facts.days > MANY_DAYS else events
        noted = lake.note("silver_events").get("gaps", {})
        gaps = registry_gaps.told(batch.topics, noted, LakeAlerts(lake), now)
        written = _append(lake, "silver_events", spread, piece, {**note, "gaps": gaps})
    finally:
        batch.close()
    return {
        "rows": batch.facts.rows,
        "silver_rows": written[0],
        "bytes": written[1],
        "unreadable": batch.unreadable_rows,
        "duplicates_removed": batch.facts.rows - written[0] - batch.unreadable_rows,
        "violations": broken[0],
        "drift_fields": fields,
        "odd_rows": batch.facts.odd,
    }


def _noted(lake: Lakehouse, table: str, piece: Slice, note: dict[str, Any]) -> dict[str, Any]:
    return {**note, "through": merged(through(lake.note(table)), piece.high)}


def _append(lake: Lakehouse, table: str, rows: DataFrame, piece: Slice, note: dict[str, Any]) -> tuple[int, int]:
    """Appends the rows above the table's own marks, which matter after a crash between two commits."""
    own = through(lake.note(table))
    begun = {k: own[k] for k in piece.high if own.get(k, -1) > piece.low[k]}
    commit = lake.append(table, above(rows, begun), _noted(lake, table, piece, note))
    return commit.rows, commit.bytes


def _raise_marks(
    lake: Lakehouse, batch: Batch, marks: pa.Table, piece: Slice, note: dict[str, Any], now: datetime
) -> None:
    """Before silver_events: a mark that is ahead costs a join, one that is behind would let a copy through."""
    new = lake.spark.createDataFrame(raised(batch.runs, marks, now)).coalesce(1)
    lake.replace("silver_sequence_marks", new, _noted(lake, "silver_sequence_marks", piece, note))


def _announce(lake: Lakehouse, batch: Batch, piece: Slice, note: dict[str, Any], now: datetime) -> int:
    found = drift.new_fields(batch.extra(), lake)
    if found:
        noted = _noted(lake, "bronze_drift_events", piece, note)
        drift.announce(found, lake, LakeAlerts(lake), noted, now)
    return len(found)
