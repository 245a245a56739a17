"""What the journal's two files share: one writer, counters, reads of one moment, size, close."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from acme_lib.journal import files

__all__ = ["COUNTERS", "Store"]

COUNTERS = "create table if not exists counter(name text primary key, value integer not null) without rowid;"


class Store:
    """A SQLite file with counters. `writer=True` takes the lock: exactly one process writes.

    Raises Stop where the file is damaged, its disk fails, or another writer holds it; JournalFull where no space is left.
    """

    def __init__(self, path: Path, schema: str, what: str, *, writer: bool) -> None:
        self.path = path
        self._lock = files.hold(path.with_suffix(".lock"), what) if writer else None
        try:
            self._db = files.open_db(path, COUNTERS + schema)
        except BaseException:
            self._unlock()  # whoever waits for space opens it again
            raise

    def counters(self) -> dict[str, int]:
        """Totals since the file was made."""
        with files.explained(self.path):
            return dict(self._db.execute("select name, value from counter").fetchall())

    @contextmanager
    def reading(self) -> Iterator[None]:
        """All reads inside see one moment."""
        with files.explained(self.path):
            self._db.execute("begin")
            try:
                yield
            finally:
                self._db.execute("rollback")

    def bytes_used(self) -> int:
        return files.bytes_used(self._db, self.path)

    def close(self) -> None:
        self._db.close()
        self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @staticmethod
    def _count(db: sqlite3.Connection, moved: Mapping[str, int]) -> None:
        """Adds to the counters, inside a transaction."""
        db.executemany(
            "insert into counter values(?,?) on conflict(name) do update set value = value + excluded.value",
            [(name, n) for name, n in moved.items() if n],
        )

    @staticmethod
    def _set(db: sqlite3.Connection, counters: Mapping[str, int]) -> None:
        """Gives the counters these values, inside a transaction."""
        db.executemany("insert or replace into counter values(?,?)", list(counters.items()))
