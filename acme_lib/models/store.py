"""The jobs' way to tables: rows in and out as Arrow. A lakehouse fills it; so does memory, in tests and trials without Spark."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

from acme_lib.contracts import contracts

if TYPE_CHECKING:
    import pyarrow as pa

    from acme_lib.lake import Lakehouse

__all__ = ["LakeStore", "MemoryStore", "Store", "store_at"]

Where = Mapping[str, str | bool]


class Store(ABC):
    """The port. `where` asks for equal values."""

    @abstractmethod
    def read(self, table: str, where: Where | None = None, columns: Iterable[str] | None = None) -> pa.Table: ...

    @abstractmethod
    def append(self, table: str, rows: pa.Table, note: dict[str, Any]) -> int:
        """Adds rows (absent nullable columns are null) in one commit; returns how many."""

    @abstractmethod
    def replace(self, table: str, rows: pa.Table, where: Where, note: dict[str, Any]) -> int:
        """Puts rows in the place of those that fulfil `where` (all where it is empty), in one commit."""

    def append_rows(self, table: str, rows: list[dict[str, Any]], note: dict[str, Any]) -> int:
        return self.append(table, shaped(table, rows), note)


class LakeStore(Store):
    """Tables of a lakehouse, through Spark."""

    def __init__(self, lake: Lakehouse) -> None:
        self.lake = lake

    def read(self, table: str, where: Where | None = None, columns: Iterable[str] | None = None) -> pa.Table:
        rows = self.lake.read(table)
        if where:
            rows = rows.where(_sql(where))
        return rows.select(*columns).toArrow() if columns else rows.toArrow()

    def append(self, table: str, rows: pa.Table, note: dict[str, Any]) -> int:
        return self.lake.append(table, self._frame(table, rows), note).rows

    def replace(self, table: str, rows: pa.Table, where: Where, note: dict[str, Any]) -> int:
        return self.lake.replace(table, self._frame(table, rows), note, where=_sql(where) or None).rows

    def _frame(self, table: str, rows: pa.Table) -> Any:
        from acme_lib.lake import schema

        return self.lake.spark.createDataFrame(rows.cast(arrow_schema(table)), schema(table))


class MemoryStore(Store):
    """Tables in a dictionary, each as its contract says."""

    def __init__(self) -> None:
        self.tables: dict[str, pa.Table] = {}

    def read(self, table: str, where: Where | None = None, columns: Iterable[str] | None = None) -> pa.Table:
        rows = self.tables.get(table, arrow_schema(table).empty_table())
        rows = rows.filter(_mask(rows, where)) if where else rows
        return rows.select(list(columns)) if columns else rows

    def append(self, table: str, rows: pa.Table, note: dict[str, Any]) -> int:
        import pyarrow as pa

        self.tables[table] = pa.concat_tables([self.read(table), rows.cast(arrow_schema(table))])
        return len(rows)

    def replace(self, table: str, rows: pa.Table, where: Where, note: dict[str, Any]) -> int:
        import pyarrow.compute as pc

        there = self.read(table)
        self.tables[table] = there.filter(pc.invert(_mask(there, where))) if where else there.slice(0, 0)
        return self.append(table, rows, note)


def store_at(where: Store | Lakehouse) -> Store:
    """The adapter for a place: a lakehouse, or the port itself."""
    return where if isinstance(where, Store) else LakeStore(where)


def arrow_schema(table: str) -> pa.Schema:
    """A table's Arrow schema, from its contract."""
    import pyarrow as pa

    kinds = {
        "string": pa.string(), "double": pa.float64(), "bigint": pa.int64(), "int": pa.int32(), "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", "UTC"), "date": pa.date32(),
        "array<string>": pa.list_(pa.string()), "array<float>": pa.list_(pa.float32()),
    }  # fmt: skip
    return pa.schema([pa.field(c.name, kinds[c.type]) for c in contracts().tables[table].columns])


def shaped(table: str, rows: list[dict[str, Any]]) -> pa.Table:
    """Rows as the table's Arrow; absent keys are null."""
    import pyarrow as pa

    return pa.Table.from_pylist(rows, schema=arrow_schema(table))


def _sql(where: Where) -> str:
    parts = [f"{k} = {str(v).lower()}" if isinstance(v, bool) else f"{k} = '{_escaped(v)}'" for k, v in where.items()]
    return " AND ".join(parts)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


def _mask(rows: pa.Table, where: Where) -> Any:
    import pyarrow.compute as pc

    return reduce(pc.and_, (pc.equal(rows[column], value) for column, value in where.items()))
