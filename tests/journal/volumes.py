"""Journals of a few entries, single and mirrored, for the tests of faults."""

from __future__ import annotations

import random
from pathlib import Path

from acme_lib.journal import Entry, Frame, MirroredJournal, SqliteJournal

__all__ = ["ALL", "bodies", "lose", "mirrored", "noise", "some"]

ALL = 1 << 30


def some(first: int, count: int = 3) -> list[Entry]:
    return [Entry("telemetry", "key", f"body {n}".encode()) for n in range(first, first + count)]


def bodies(journal: SqliteJournal | MirroredJournal) -> list[bytes]:
    return [e.body for f in journal.frames(0, ALL) if isinstance(f, Frame) for e in f.entries]


def mirrored(tmp_path: Path) -> MirroredJournal:
    return MirroredJournal(
        SqliteJournal(tmp_path / "a" / "journal.db", writer=True),
        SqliteJournal(tmp_path / "b" / "journal.db", writer=True),
    )


def lose(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)
