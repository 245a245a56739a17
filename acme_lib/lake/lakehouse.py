"""The lakehouse: tables by name, their schemas from the contracts, and notes that travel in each table's own commits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from delta.tables import DeltaTable
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import StructType

from acme_lib.contracts import Table, contracts
from acme_lib.errors import Stop
from acme_lib.lake.commits import newest, present
from acme_lib.lake.guard import check_columns, properties, unreadable

__all__ = ["Commit", "Lakehouse", "columns", "schema"]


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of one table: its Delta version, rows and bytes written, and the note it carries."""

    table: str
    version: int
    rows: int
    bytes: int
    note: dict[str, Any]


def table_of(name: str) -> Table:
    found = contracts().tables.get(name)
    if found is None:
        raise Stop(f"table {name} is in no contract; declare it in acme_lib/contracts/tables/")
    return found


def schema(name: str) -> StructType:
    """The Spark schema of a table, from its contract."""
    return StructType.fromDDL(", ".join(f"`{c.name}` {c.type}" for c in table_of(name).columns))


def columns(name: str) -> list[Column]:
    """A table's columns in order and cast: the last select of the transform that makes it."""
    return [F.col(f"`{c.name}`").cast(c.type).alias(c.name) for c in table_of(name).columns]


class Lakehouse:
    """Tables under `root`/Tables. Reading an absent table gives it empty, so that first runs need no special case."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark, self.root = spark, root.rstrip("/")
        self._checked: set[str] = set()

    def path(self, name: str) -> str:
        table_of(name)
        return f"{self.root}/Tables/{name}"

    def exists(self, name: str) -> bool:
        local = present(self.path(name))
        return bool(DeltaTable.isDeltaTable(self.spark, self.path(name))) if local is None else local

    def delta(self, name: str) -> DeltaTable:
        """The table, made empty where absent."""
        if not self.exists(name):
            self.create(name)
        return DeltaTable.forPath(self.spark, self.path(name))

    def create(self, name: str) -> None:
        contract = table_of(name)
        builder = DeltaTable.createIfNotExists(self.spark).location(self.path(name)).addColumns(schema(name))
        if contract.partition_by:
            builder = builder.partitionedBy(*contract.partition_by)
        for key, value in properties(contract).items():
            builder = builder.property(key, value)
        builder.execute()

    def read(self, name: str, version: int | None = None) -> DataFrame:
        """All rows, or those of one Delta version. Raises Stop where the stored table is not as its contract says."""
        if not self.exists(name):
            return self._none(name)
        reader = self.spark.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        try:
            found = reader.load(self.path(name))
        except Exception as e:
            raise unreadable(name, e) or e from e
        if version is None or name not in self._checked:
            check_columns(table_of(name), found.dtypes)
            self._checked.add(name)
        return found

    def _none(self, name: str) -> DataFrame:
        """No rows, as a plan Spark folds away; an empty list would start a Python worker."""
        typed = [F.lit(None).cast(c.type).alias(c.name) for c in table_of(name).columns]
        return self.spark.range(1).where("false").select(*typed)

    def frame(self, name: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
        """Rows made on the driver, shaped as the table; absent keys are null."""
        from acme_lib.lake.local_rows import local_rows

        return local_rows(self.spark, rows, schema(name))

    def append(self, name: str, rows: DataFrame, note: dict[str, Any]) -> Commit:
        """Appends in one commit that carries `note`."""
        return self._write(name, rows, note, "append", None)

    def replace(self, name: str, rows: DataFrame, note: dict[str, Any], where: str | None = None) -> Commit:
        """Replaces the rows that fulfil `where` (all without it) in one commit that carries `note`."""
        return self._write(name, rows, note, "overwrite", where)

    def _write(self, name: str, rows: DataFrame, note: dict[str, Any], mode: str, where: str | None) -> Commit:
        new = not self.exists(name)
        if name not in self._checked and not new:
            self.read(name)
        writer = (
            rows.select(*columns(name))
            .write.format("delta")
            .mode(mode)
            .option("userMetadata", json.dumps(note, default=_plain))
        )
        if where is not None and not new:
            writer = writer.option("replaceWhere", where)
        if contract := table_of(name).partition_by:
            writer = writer.partitionBy(*contract)
        if new:  # the first write makes the table; making it empty before would cost as much again
            writer = writer.options(**properties(table_of(name)))
        writer.save(self.path(name))
        return self.last_commit(name)

    def last_commit(self, name: str) -> Commit:
        version, info = next(self._commits(name))
        metrics = info.get("operationMetrics") or {}
        rows, size = int(metrics.get("numOutputRows", 0)), int(metrics.get("numOutputBytes", 0))
        return Commit(name, version, rows, size, _note(info.get("userMetadata")))

    def version(self, name: str) -> int:
        """The table's present Delta version; -1 where it does not exist."""
        return next(self._commits(name))[0] if self.exists(name) else -1

    def note(self, name: str) -> dict[str, Any]:
        """The newest note in the table's commits; empty where none. Maintenance commits carry none and are passed over."""
        if not self.exists(name):
            return {}
        return next((_note(info["userMetadata"]) for _, info in self._commits(name) if info.get("userMetadata")), {})

    def _commits(self, name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """(version, commitInfo), newest first."""
        local = newest(self.path(name))
        if local is not None:
            yield from local
            return
        table = self.delta(name)
        for row in table.history().orderBy(F.desc("version")).collect():
            yield row["version"], row.asDict()


def _note(text: str | None) -> dict[str, Any]:
    return dict(json.loads(text)) if text else {}


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"a note holds plain values, not {type(value).__name__}")
