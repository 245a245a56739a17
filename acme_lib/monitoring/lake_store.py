"""Alerts, audit and run records in the lakehouse: tables ops_alerts, ops_audit, ops_runs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from acme_lib.monitoring.alerts import Alert, Alerts
from acme_lib.monitoring.audit import Audit, AuditRow
from acme_lib.monitoring.runs import RunRecord

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["LakeAlerts", "LakeAudit", "save_run"]


def _aware(value: Any) -> Any:
    """Spark hands naive local times to Python; rows compare as aware UTC."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _rows(lake: Lakehouse, table: str, kind: type[Any], order: str) -> list[Any]:
    names = [f.name for f in fields(kind)]
    found = lake.read(table).select(*names).orderBy(order).collect()
    return [kind(**{n: _aware(row[n]) for n in names}) for row in found]


class LakeAlerts(Alerts):
    """Alerts in ops_alerts; opening appends, closing updates."""

    def __init__(self, lake: Lakehouse) -> None:
        self.lake = lake

    def rows(self) -> list[Alert]:
        return _rows(self.lake, "ops_alerts", Alert, "opened_utc")

    def _exclusive(self) -> Any:
        return nullcontext()  # one pipeline run writes at a time; a race costs a second alert, never a lost one

    def _add(self, alerts: Iterable[Alert]) -> None:
        self.lake.append("ops_alerts", self.lake.frame("ops_alerts", map(asdict, alerts)), {"job": "alerts"})

    def _close(self, alerts: Iterable[Alert]) -> None:
        from pyspark.sql import functions as F

        closed = list(alerts)
        self.lake.delta("ops_alerts").update(
            F.col("alert_id").isin([a.alert_id for a in closed]), {"closed_utc": F.lit(closed[0].closed_utc)}
        )


class LakeAudit(Audit):
    """Audit in ops_audit. The insert is a MERGE on the sequence: of two writers of the same one, one inserts nothing."""

    def __init__(self, lake: Lakehouse) -> None:
        self.lake = lake

    def rows(self) -> list[AuditRow]:
        return _rows(self.lake, "ops_audit", AuditRow, "sequence")

    def _exclusive(self) -> Any:
        return nullcontext()

    def _last(self) -> AuditRow | None:
        from pyspark.sql import functions as F

        names = [f.name for f in fields(AuditRow)]
        found = self.lake.read("ops_audit").select(*names).orderBy(F.desc("sequence")).limit(1).collect()
        return next((AuditRow(**{n: _aware(r[n]) for n in names}) for r in found), None)

    def _add(self, row: AuditRow) -> bool:
        source = self.lake.frame("ops_audit", [asdict(row)]).alias("new")
        merge = self.lake.delta("ops_audit").alias("old").merge(source, "old.sequence = new.sequence")
        try:
            merge.whenNotMatchedInsertAll().execute()
        except Exception as e:
            if "Concurrent" not in type(e).__name__ and "CONCURRENT" not in str(e):
                raise
            return False
        last = self._last()
        return last is not None and (last.hash == row.hash or row.hash in {r.hash for r in self.rows()})


def save_run(lake: Lakehouse, record: RunRecord) -> None:
    """Writes the record into ops_runs; the same run and job again replaces its row."""
    row = {**asdict(record), "counters": json.dumps(record.counters, sort_keys=True, default=str)}
    run, job = (str(v).replace("\\", "\\\\").replace("'", "\\'") for v in (record.run_id, record.job))
    where = f"run_id = '{run}' AND job = '{job}'"
    lake.replace("ops_runs", lake.frame("ops_runs", [row]), {"job": record.job, "run": record.run_id}, where)
