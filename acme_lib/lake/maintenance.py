"""Maintenance of tables: compaction, vacuum and purge by the contract's retention. Dry run unless told to apply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pyspark.sql import functions as F

from acme_lib.contracts import Table, contracts
from acme_lib.errors import WrongUse
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.monitoring import LakeAudit

__all__ = ["ACTIONS", "Done", "maintain"]


@dataclass(frozen=True, slots=True)
class Done:
    """What one action did to one table, or would do."""

    table: str
    action: str
    applied: bool
    files: int
    rows: int = 0


def optimize(lake: Lakehouse, table: Table, now: datetime, apply: bool) -> Done:
    """Compacts small files; Z-order where the contract declares it."""
    files = int(lake.delta(table.name).detail().select("numFiles").collect()[0][0])
    if apply:
        builder = lake.delta(table.name).optimize()
        builder.executeZOrderBy(*table.z_order) if table.z_order else builder.executeCompaction()
    return Done(table.name, "optimize", apply, files)


def vacuum(lake: Lakehouse, table: Table, now: datetime, apply: bool) -> Done:
    """Removes files that no version of the contract's vacuum_hours needs."""
    path = lake.path(table.name)
    mode = "" if apply else " DRY RUN"
    found = lake.spark.sql(f"VACUUM delta.`{path}` RETAIN {table.vacuum_hours} HOURS{mode}")
    return Done(table.name, "vacuum", apply, 0 if apply else found.count())


def purge(lake: Lakehouse, table: Table, now: datetime, apply: bool) -> Done:
    """Deletes rows whose `age_column` is older than the contract's retention. Tables without one keep everything."""
    if table.age_column is None:
        return Done(table.name, "purge", False, 0)
    limit = (now - timedelta(days=table.retention_days)).date()
    old = F.col(table.age_column) < F.lit(limit)
    rows = lake.read(table.name).where(old).count()
    if apply and rows:
        lake.delta(table.name).delete(old)
    return Done(table.name, "purge", apply and rows > 0, 0, rows)


Action = Callable[[Lakehouse, Table, datetime, bool], Done]
ACTIONS: dict[str, Action] = {"optimize": optimize, "vacuum": vacuum, "purge": purge}


def maintain(
    lake: Lakehouse, action: str, tables: list[str], actor: str, now: datetime, apply: bool = False
) -> list[Done]:
    """Runs one action over the named tables (all that exist without names). What was applied is a row of ops_audit.

    These commits carry no note, so a table's progress mark stays the newest one of its job.
    """
    if action not in ACTIONS:
        raise WrongUse(f"maintenance {action}: choose one of {', '.join(ACTIONS)}")
    declared = contracts().tables
    if unknown := [t for t in tables if t not in declared]:
        raise WrongUse(f"table {unknown[0]}: in no contract; `acme lake tables` lists them")
    names = [t for t in tables or declared if lake.exists(t)]
    done = [ACTIONS[action](lake, declared[name], now, apply) for name in names]
    applied = [d for d in done if d.applied]
    if applied:
        audit = LakeAudit(lake)
        for d in applied:
            detail: dict[str, Any] = {
                "files": d.files,
                "rows": d.rows,
                "reason": "retention and layout of the contract",
            }
            audit.append(actor, f"table.{action}", d.table, detail, now)
    return done
