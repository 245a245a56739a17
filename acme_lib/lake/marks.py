"""Progress marks: how far a table has come in each partition of each hub. They travel in the commit that made the rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from acme_lib.lake.local_rows import local_rows

__all__ = ["Marks", "Slice", "above", "key", "merged", "observed", "slices", "through"]

PLACE = ("hub", "source_partition")
FEW = 16  # partitions up to which a filter of ranges is cheaper than a join
Marks = Mapping[str, int]
"""`"hub/partition"` -> an offset of that partition."""


def key(hub: str, partition: int) -> str:
    return f"{hub}/{partition}"


def split(mark: str) -> tuple[str, int]:
    """Inverse of `key`; a hub's name may itself hold slashes."""
    hub, _, partition = mark.rpartition("/")
    return hub, int(partition)


def through(note: Mapping[str, Any]) -> dict[str, int]:
    """The marks a table's note holds; none for a table without a commit of ours."""
    return {k: int(v) for k, v in note.get("through", {}).items()}


def merged(*all_marks: Marks) -> dict[str, int]:
    """The highest offset of each partition."""
    result: dict[str, int] = {}
    for marks in all_marks:
        for k, v in marks.items():
            result[k] = max(v, result.get(k, v))
    return result


def observed(rows: DataFrame) -> tuple[dict[str, int], dict[str, int], int]:
    """Lowest and highest offset a partition in `rows`, and their count. One action."""
    found = (
        rows.groupBy("hub", "source_partition")
        .agg(F.min("source_offset").alias("low"), F.max("source_offset").alias("high"), F.count("*").alias("n"))
        .collect()
    )
    low = {key(r["hub"], r["source_partition"]): int(r["low"]) for r in found}
    high = {key(r["hub"], r["source_partition"]): int(r["high"]) for r in found}
    return low, high, sum(int(r["n"]) for r in found)


def at(mark: str) -> Column:
    hub, partition = split(mark)
    return (F.col("hub") == hub) & (F.col("source_partition") == partition)


def above(rows: DataFrame, marks: Marks) -> DataFrame:
    """The rows above their partition's mark, and those of partitions without one."""
    if not marks:
        return rows
    offset = F.col("source_offset")
    if len(marks) <= FEW:
        passed = [at(k) & (offset <= v) for k, v in sorted(marks.items())]
        return rows.where(~reduce(Column.__or__, passed))
    listed = [dict(zip(PLACE, split(k), strict=True)) | {"mark": v} for k, v in marks.items()]
    table = local_rows(rows.sparkSession, listed, "hub string, source_partition int, mark bigint")
    joined = rows.join(F.broadcast(table), on=["hub", "source_partition"], how="left")
    return joined.where(F.col("mark").isNull() | (offset > F.col("mark"))).select(*rows.columns)


@dataclass(frozen=True, slots=True)
class Slice:
    """A range of offsets a partition: above `low`, up to and with `high`."""

    low: dict[str, int] = field(default_factory=dict)
    high: dict[str, int] = field(default_factory=dict)

    def size(self) -> int:
        """The most rows it can hold: offsets are unique, some may be absent."""
        return sum(self.high[k] - self.low[k] for k in self.high)

    def of(self, rows: DataFrame) -> DataFrame:
        """The slice's rows: plain ranges, so that Delta skips files by their statistics; a join where there are many."""
        offset = F.col("source_offset")
        if len(self.high) <= FEW:
            ranges = [at(k) & (offset > self.low[k]) & (offset <= high) for k, high in sorted(self.high.items())]
            return rows.where(reduce(Column.__or__, ranges, F.lit(False)))
        bounds = [(*split(k), self.low[k], high) for k, high in self.high.items()]
        names = (*PLACE, "low", "high")
        listed = [dict(zip(names, bound, strict=True)) for bound in bounds]
        table = local_rows(rows.sparkSession, listed, "hub string, source_partition int, low bigint, high bigint")
        near = F.col("hub").isin(sorted({b[0] for b in bounds})) & offset.between(
            min(self.low.values()) + 1, max(self.high.values())
        )
        joined = rows.where(near).join(F.broadcast(table), on=["hub", "source_partition"], how="inner")
        return joined.where((offset > F.col("low")) & (offset <= F.col("high"))).select(*rows.columns)


def slices(first: Marks, done: Marks, end: Marks, max_rows: int) -> Iterator[Slice]:
    """Cuts what lies above `done` up to `end` into slices of at most `max_rows`, every partition in its share.

    `first` holds each partition's lowest offset, for those never read before.
    """
    at_now = {k: done.get(k, first.get(k, 0) - 1) for k in end}
    while left := {k: end[k] - at_now[k] for k in sorted(end) if end[k] > at_now[k]}:
        total, spare = sum(left.values()), max_rows
        take = {k: min(n, max_rows * n // total) for k, n in left.items()}
        spare -= sum(take.values())
        for k, n in left.items():  # what rounding left over, to the first that can use it
            more = min(spare, n - take[k])
            take[k], spare = take[k] + more, spare - more
        high = {k: at_now[k] + n for k, n in take.items() if n}
        yield Slice({k: at_now[k] for k in high}, high)
        at_now.update(high)
