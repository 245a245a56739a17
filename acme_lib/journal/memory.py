"""A journal in memory, for tests and for a try-out without a disk. It forgets everything with its process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from acme_lib.errors import Quarantine
from acme_lib.journal.codec import Corrupt, Entry, Frame, counts_of, decode, encode

__all__ = ["MemoryJournal"]


class MemoryJournal:
    """Keeps the same promises as SqliteJournal but the last: surviving its process."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, int, bytes]] = []
        self._counters: Counter[str] = Counter()
        self._last = 0

    @property
    def next_seq(self) -> int:
        return self._last + 1

    def append(self, entries: Sequence[Entry], now_ms: int, counts: Mapping[str, int] | None = None) -> int:
        if entries:
            first, last = self._last + 1, self._last + len(entries)
            self._rows.append((first, last, now_ms, encode(first, entries)))
            self._last = last
        self._counters.update({f"accepted/{hub}": n for hub, n in counts_of(entries).items()})
        self._counters.update(counts or {})
        return self._last

    def frames(self, after: int, most_bytes: int) -> list[Frame | Corrupt]:
        found: list[Frame | Corrupt] = []
        size = 0
        for first, last, at_ms, blob in self._rows:
            if last > after and (not found or size + len(blob) <= most_bytes):
                found.append(self._open(first, last, at_ms, blob))
                size += len(blob)
        return found

    def _open(self, first: int, last: int, at_ms: int, blob: bytes) -> Frame | Corrupt:
        try:
            return Frame(first, last, at_ms, decode(first, blob))
        except Quarantine as e:
            return Corrupt(first, last, at_ms, {}, blob, str(e))

    def prune(self, through: int) -> int:
        kept = [row for row in self._rows if row[1] > through]
        gone, self._rows = len(self._rows) - len(kept), kept
        return gone

    def counters(self) -> dict[str, int]:
        return dict(self._counters)

    def remaining(self, after: int) -> dict[str, int]:
        total: Counter[str] = Counter()
        for first, _, _, blob in self._rows:
            if first > after:
                total.update(counts_of(decode(first, blob)))
        return dict(total)

    @contextmanager
    def reading(self) -> Iterator[None]:
        yield

    def bytes_used(self) -> int:
        return sum(len(blob) for _, _, _, blob in self._rows)

    def close(self) -> None:
        self._rows.clear()
