"""A journal on two volumes: both hold a frame before anyone is told that it is safe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from acme_lib.journal.codec import Corrupt, Entry, Frame
from acme_lib.journal.port import JournalFull
from acme_lib.journal.sqlite import SqliteJournal

__all__ = ["MirroredJournal"]

_CHUNK = 16 * 1024 * 1024


class MirroredJournal:
    """Opening it makes the two equal: the one that is behind (a new disk, a power cut between the two) takes what it lacks."""

    def __init__(self, main: SqliteJournal, copy: SqliteJournal) -> None:
        self._main, self._copy = main, copy
        self._ahead = False  # the copy holds a frame that the main one refused
        if copy.next_seq > main.next_seq:
            catch_up(main, copy)
        elif main.next_seq > copy.next_seq:
            catch_up(copy, main)

    @property
    def next_seq(self) -> int:
        return self._main.next_seq

    def append(self, entries: Sequence[Entry], now_ms: int, counts: Mapping[str, int] | None = None) -> int:
        self._take_back()
        self._copy.append(entries, now_ms, counts)
        try:
            return self._main.append(entries, now_ms, counts)
        except JournalFull:
            self._ahead = True
            self._take_back()
            raise

    def _take_back(self) -> None:
        """Before anything is appended: the same numbers will be given out again. Needs space too, so it may have to wait."""
        if self._ahead:
            self._copy.retract(self._main.next_seq, self._main.counters())
            self._ahead = False

    def frames(self, after: int, most_bytes: int) -> list[Frame | Corrupt]:
        return self._main.frames(after, most_bytes)

    def prune(self, through: int) -> int:
        self._copy.prune(through)
        return self._main.prune(through)

    def counters(self) -> dict[str, int]:
        return self._main.counters()

    def remaining(self, after: int) -> dict[str, int]:
        return self._main.remaining(after)

    def reading(self) -> AbstractContextManager[None]:
        return self._main.reading()

    def bytes_used(self) -> int:
        return max(self._main.bytes_used(), self._copy.bytes_used())

    def close(self) -> None:
        self._main.close()
        self._copy.close()


def catch_up(behind: SqliteJournal, ahead: SqliteJournal) -> None:
    """Copies rows above `behind`'s last number, then the counters; repeatable after a crash at any point."""
    after = behind.next_seq - 1
    while rows := ahead.rows(after, _CHUNK):
        after = rows[-1][0]
        behind.take(rows, {"last_seq": after})
    behind.take([], ahead.counters())
