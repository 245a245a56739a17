"""State of the live path on SQLite: features, outbox and event ids move in one transaction, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from acme_lib.journal import files

__all__ = ["Key", "State", "Store"]

Key = tuple[str, str]  # feature table version, equipment
MOST_SEEN = 200_000  # event ids remembered: far more than a broker can send again

SCHEMA = """
create table if not exists state(version text not null, equipment text not null, began_us integer, body blob not null,
  primary key(version, equipment)) without rowid;
create table if not exists live(version text not null, equipment text not null, newest_us integer not null,
  primary key(version, equipment)) without rowid;
create table if not exists outbox(n integer primary key autoincrement, topic text not null, body blob not null);
create table if not exists seen(message_id text primary key, n integer not null) without rowid;
create index if not exists seen_n on seen(n);
"""


class State(NamedTuple):
    """Online features of one equipment, and the start of their first frame (microseconds since 1970; None before it).

    `newest_us`: event time of its newest reading, None where that was replayed; of all live equipment it is read with `live`.
    """

    began_us: int | None
    body: bytes
    newest_us: int | None = None


class Store:
    """One writer. Raises Stop where the file is damaged or held by another, JournalFull where no space is left."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: int | None = files.hold(path.with_suffix(".lock"), "edge state")
        self._db = files.open_db(path, SCHEMA)
        with files.explained(path):
            self._seen: dict[str, int] = dict(self._db.execute("select message_id, n from seen order by n").fetchall())
            self.waiting: int = self._db.execute("select count(*) from outbox").fetchone()[0]  # rows of the outbox
        self._n = max(self._seen.values(), default=0)

    def state(self, key: Key) -> State | None:
        with files.explained(self.path):
            found = self._db.execute(
                "select began_us, body from state where version = ? and equipment = ?", key
            ).fetchone()
        return State(*found) if found else None

    def live(self) -> dict[Key, int]:
        """Event time of the newest reading of every live equipment, microseconds since 1970."""
        with files.explained(self.path):
            found = self._db.execute("select version, equipment, newest_us from live").fetchall()
        return {(version, equipment): newest_us for version, equipment, newest_us in found}

    def is_seen(self, message_id: str) -> bool:
        return message_id in self._seen

    def save(
        self, states: Mapping[Key, State], outgoing: Sequence[tuple[str, bytes]], seen: Iterable[str]
    ) -> list[int]:
        """On disk on return, all of it; the outbox numbers of `outgoing`, in its order."""
        fresh = {message_id: self._n + at for at, message_id in enumerate(dict.fromkeys(seen), start=1)}
        last = max(fresh.values(), default=self._n)
        with files.transaction(self._db, self.path) as db:
            db.executemany(
                "insert or replace into state values(?,?,?,?)", [(*k, s.began_us, s.body) for k, s in states.items()]
            )
            db.executemany("delete from live where version = ? and equipment = ?", list(states))
            newest = [(*k, s.newest_us) for k, s in states.items() if s.newest_us is not None]
            db.executemany("insert into live values(?,?,?)", newest)
            db.executemany("insert or ignore into seen values(?,?)", list(fresh.items()))
            db.execute("delete from seen where n <= ?", (last - MOST_SEEN,))
            numbers = [
                int(db.execute("insert into outbox(topic, body) values(?,?)", row).lastrowid or 0) for row in outgoing
            ]
        self.waiting += len(numbers)
        self._seen |= fresh
        self._n = last
        while len(self._seen) > MOST_SEEN:
            del self._seen[next(iter(self._seen))]
        return numbers

    def unsent(self, after: int = 0, most: int = -1) -> list[tuple[int, str, bytes]]:
        """What the outbox holds behind number `after`, oldest first, at most `most` rows."""
        with files.explained(self.path):
            found = self._db.execute(
                "select n, topic, body from outbox where n > ? order by n limit ?", (after, most)
            ).fetchall()
        return list(found)

    def sent(self, numbers: Sequence[int]) -> None:
        """Forgets what the broker has acknowledged."""
        if numbers:
            with files.transaction(self._db, self.path) as db:
                gone = db.executemany("delete from outbox where n = ?", [(n,) for n in numbers]).rowcount
            self.waiting -= gone

    def close(self) -> None:
        self._db.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
