"""The Gold job: makes anew every hour and day that new Silver rows reach, and nothing else."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from acme_lib.contracts import contracts
from acme_lib.lake import marks
from acme_lib.lake.gold_plan import FACTS, plan
from acme_lib.lake.gold_small import planned_for
from acme_lib.lake.gold_write import write
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.lineage import Inputs, record_run
from acme_lib.lake.version import transformation_version
from acme_lib.monitoring import RunRecord, recording

__all__ = ["FACTS", "Config", "run"]

MARKED = (*FACTS, "metadata_lineage")


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
        since = {} if config.full else lowest([marks.through(lake.note(t)) for t in MARKED])
        record.counters = {"touched_hours": 0, "new_rows": 0}
        if end == since:
            return record
        silver_version = lake.version("silver_events")
        silver = lake.read("silver_events", silver_version)
        note = {"through": end, "version": transformation_version(), "run": config.run_id, "job": "gold"}
        arrived = sum(offset - since.get(k, -1) for k, offset in end.items())
        with planned_for(lake.spark, arrived):
            work = plan(lake, contracts(), silver, since, config.rows_per_partition, now)
        if work is None:
            return record
        with work, planned_for(lake.spark, work.affected):
            commits = write(lake, work, {**note, "rows": work.rows}, record)
            inputs = Inputs(silver_version, silver_note.get("bronze_version"))
            record_run(lake, work.messages, note, inputs, commits, now)
    return record


def lowest(all_marks: list[dict[str, int]]) -> dict[str, int]:
    """What every table has passed: the tables are made together, so the one furthest behind decides."""
    shared = set(all_marks[0]).intersection(*all_marks)
    return {k: min(m[k] for m in all_marks) for k in shared}
