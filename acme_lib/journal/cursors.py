"""How far each partition of each hub has been delivered: a file of its own, so that reading never waits for writing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from acme_lib.journal import files
from acme_lib.journal.codec import Corrupt, counts_text, parse_counts
from acme_lib.journal.store import Store

__all__ = ["Cursors", "Lane", "Progress", "Quarantined"]

SCHEMA = """
create table if not exists cursor(hub text not null, partition integer not null, seq integer not null,
  primary key(hub, partition)) without rowid;
create table if not exists quarantine(last integer primary key, first integer not null, at_ms integer not null,
  counts text not null, why text not null, body blob not null);
"""


class Lane(NamedTuple):
    """One partition of one hub: what keeps its own order and its own cursor."""

    hub: str
    partition: int


class Quarantined(NamedTuple):
    """One frame set aside, without its bytes."""

    first: int
    last: int
    why: str
    counts: dict[str, int]


@dataclass
class Progress:
    """What one commit moves: cursors to new places, counters by so much, frames into quarantine."""

    positions: dict[Lane, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    quarantined: list[Corrupt] = field(default_factory=list)

    def add(self, name: str, n: int) -> None:
        if n:
            self.counts[name] = self.counts.get(name, 0) + n

    def __bool__(self) -> bool:
        return bool(self.positions or self.counts or self.quarantined)


class Cursors(Store):
    """`writer=True` takes the lock: exactly one egress moves cursors."""

    def __init__(self, path: Path, *, writer: bool = False) -> None:
        super().__init__(path, SCHEMA, "cursors", writer=writer)

    def positions(self) -> dict[Lane, int]:
        """Everything up to and including this number is delivered, for each lane; empty before the first egress."""
        with files.explained(self.path):
            found = self._db.execute("select hub, partition, seq from cursor").fetchall()
        return {Lane(hub, partition): seq for hub, partition, seq in found}

    def lowest(self) -> int:
        """The number below which no one needs a frame; 0 before the first egress."""
        return min(self.positions().values(), default=0)

    def commit(self, progress: Progress) -> None:
        """One durable commit. Call it before anything that relies on the cursors, such as a deletion."""
        with files.transaction(self._db, self.path) as db:
            db.executemany(
                "insert or replace into cursor values(?,?,?)",
                [(lane.hub, lane.partition, seq) for lane, seq in progress.positions.items()],
            )
            self._count(db, progress.counts)
            db.executemany(
                "insert or replace into quarantine values(?,?,?,?,?,?)",
                [(c.last, c.first, c.at_ms, counts_text(c.counts), c.why, c.blob) for c in progress.quarantined],
            )

    def replace(self, positions: Mapping[Lane, int], counters: Mapping[str, int]) -> None:
        """Starts the cursors anew: after a hub changed its partitions, or after this file was lost."""
        with files.transaction(self._db, self.path) as db:
            db.execute("delete from cursor")
            db.executemany("insert into cursor values(?,?,?)", [(*lane, seq) for lane, seq in positions.items()])
            self._set(db, counters)

    def quarantined(self) -> list[Quarantined]:
        with files.explained(self.path):
            found = self._db.execute("select first, last, why, counts from quarantine order by last").fetchall()
        return [Quarantined(first, last, why, parse_counts(text)) for first, last, why, text in found]
