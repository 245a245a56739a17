"""The journal on SQLite: one row per group commit, written and fsynced in one transaction with the counters."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from acme_lib.errors import Quarantine
from acme_lib.journal import files
from acme_lib.journal.codec import Corrupt, Entry, Frame, counts_of, counts_text, decode, encode, parse_counts
from acme_lib.journal.store import Store

__all__ = ["Row", "SqliteJournal"]

Row = tuple[int, int, int, bytes, bytes]  # last, first, at_ms, counts, body; the bytes as they lie, rot included

SCHEMA = """
create table if not exists frame(last integer primary key, first integer not null, at_ms integer not null,
  counts text not null, body blob not null);
create index if not exists frame_counts on frame(first, counts);
"""
_PRUNE_ROWS = 500  # bounds the time one deletion holds the write lock


class SqliteJournal(Store):
    """`writer=True` takes the folder's lock: exactly one process appends. Readers come and go as they like."""

    def __init__(self, path: Path, *, writer: bool = False) -> None:
        super().__init__(path, SCHEMA, "journal", writer=writer)
        with files.explained(path):
            self._last = self._stored_last()

    def _stored_last(self) -> int:
        row = self._db.execute("select value from counter where name = 'last_seq'").fetchone()
        return int(row[0]) if row else 0

    @property
    def next_seq(self) -> int:
        return self._last + 1

    def append(self, entries: Sequence[Entry], now_ms: int, counts: Mapping[str, int] | None = None) -> int:
        first, last = self._last + 1, self._last + len(entries)
        per_hub = counts_of(entries)
        body = encode(first, entries) if entries else b""
        moved = {"last_seq": len(entries), **{f"accepted/{hub}": n for hub, n in per_hub.items()}, **(counts or {})}
        with files.transaction(self._db, self.path) as db:
            if entries:
                db.execute("insert into frame values(?,?,?,?,?)", (last, first, now_ms, counts_text(per_hub), body))
            self._count(db, moved)
        self._last = last
        return last

    def rows(self, after: int, most_bytes: int) -> list[Row]:
        """Stored rows as they lie, at least one where there is any."""
        found: list[Row] = []
        size = 0
        with files.explained(self.path):
            cursor = self._db.execute(
                "select last, first, at_ms, cast(counts as blob), body from frame where last > ? order by last",
                (after,),
            )
            for row in cursor:
                found.append(row)
                size += len(row[4])
                if size >= most_bytes:
                    break
            cursor.close()
        return found

    def frames(self, after: int, most_bytes: int) -> list[Frame | Corrupt]:
        return [_opened(row) for row in self.rows(after, most_bytes)]

    def prune(self, through: int) -> int:
        with files.transaction(self._db, self.path) as db:
            return _delete(
                db, "last in (select last from frame where last <= ? order by last limit ?)", (through, _PRUNE_ROWS)
            )

    def remaining(self, after: int) -> dict[str, int]:
        total: Counter[str] = Counter()
        with files.explained(self.path):
            found = self._db.execute(
                "select cast(counts as blob), count(*), sum(last - first + 1) from frame where first > ? group by counts",
                (after,),
            ).fetchall()
        known = {name.partition("/")[2] for name in self.counters() if name.startswith("accepted/")}
        for text, times, entries in found:
            counts = _parsed(text)
            if not counts.keys() <= known or sum(counts.values()) * times != entries:
                return self._opened_and_counted(after)  # the index has rotted
            total.update({hub: n * times for hub, n in counts.items()})
        return dict(total)

    def _opened_and_counted(self, after: int) -> dict[str, int]:
        """`remaining` from the frames themselves: slow, and needed only where their short form can't be believed."""
        total: Counter[str] = Counter()
        while frames := self.frames(after, 1):
            for frame in frames:
                if frame.first > after:
                    total.update(counts_of(frame.entries) if isinstance(frame, Frame) else frame.counts)
            after = frames[-1].last
        return dict(total)

    def take(self, rows: Iterable[Row], counters: Mapping[str, int]) -> None:
        """Adopts another copy's rows and counters whole: how a mirror and its journal catch up with one another."""
        with files.transaction(self._db, self.path) as db:
            db.executemany("insert or replace into frame values(?,?,?,cast(? as text),?)", rows)
            self._set(db, counters)
        self._last = counters.get("last_seq", self._last)

    def skip_to(self, last: int, counters: Mapping[str, int]) -> None:
        """Goes on after `last` with these totals: this file is new, and others remember an older one."""
        self.take([], {**self.counters(), **counters, "last_seq": last})

    def retract(self, first: int, counters: Mapping[str, int]) -> None:
        """Takes back rows from `first` on, and the counters to `counters`: the other copy had no space for them."""
        with files.transaction(self._db, self.path) as db:
            _delete(db, "first >= ?", (first,))
            db.execute("delete from counter")
            self._set(db, counters)
        self._last = first - 1


def _delete(db: sqlite3.Connection, where: str, values: tuple[int, ...]) -> int:
    """Deletes frames inside a transaction. A row and its place in the index differ where one of them has rotted: SQLite
    then refuses the whole deletion, for ever, so the index is made anew from the rows.
    """
    try:
        return db.execute(f"delete from frame where {where}", values).rowcount
    except sqlite3.DatabaseError as e:
        if e.sqlite_errorname != "SQLITE_CORRUPT_INDEX":
            raise
        db.execute("reindex frame_counts")
        return db.execute(f"delete from frame where {where}", values).rowcount


def _opened(row: Row) -> Frame | Corrupt:
    last, first, at_ms, counts, body = row  # a sound body is believed, whatever its counts have come to
    try:
        entries = decode(first, body)
        if len(entries) != last - first + 1:
            raise Quarantine(f"holds {len(entries)} entries")
        return Frame(first, last, at_ms, entries)
    except Quarantine as e:
        return Corrupt(first, last, at_ms, _parsed(counts), body, str(e))


def _parsed(counts: bytes) -> dict[str, int]:
    """Empty where they have rotted beyond reading."""
    try:
        return parse_counts(counts.decode())
    except ValueError:
        return {}
