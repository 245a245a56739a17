"""The journal's port: what the bridge and the edge may rely on, whoever keeps the bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from acme_lib.errors import SlowDown
from acme_lib.journal.codec import Corrupt, Entry, Frame

__all__ = ["Journal", "JournalFull"]


class JournalFull(SlowDown):
    """No space: nothing was written. Acknowledge nothing, keep what is in hand, try again when space returns."""


class Journal(Protocol):
    """Entries in the order of their sequence numbers, which start at 1 and never repeat. One writer at a time."""

    @property
    def next_seq(self) -> int:
        """The number the next appended entry will bear; bodies that hold their number are built with it."""

    def append(self, entries: Sequence[Entry], now_ms: int, counts: Mapping[str, int] | None = None) -> int:
        """Commits the entries as one frame, together with what `counts` adds to the counters. Returns the last number.

        On return both are on disk; on any error none of them is (JournalFull) or the process must end (Stop).
        `entries` may be empty where only counters move.
        """

    def frames(self, after: int, most_bytes: int) -> list[Frame | Corrupt]:
        """Frames with any number above `after`, in order, until `most_bytes` of stored bytes are met; at least one."""

    def prune(self, through: int) -> int:
        """Deletes frames whose every number is <= `through`; returns how many. Some may stay for the next call."""

    def counters(self) -> dict[str, int]:
        """Totals since the journal was made: `accepted/<hub>` counted by append itself, the others as given to it."""

    def remaining(self, after: int) -> dict[str, int]:
        """Entries per hub in stored frames that begin above `after`; frames are counted, not opened."""

    def reading(self) -> AbstractContextManager[None]:
        """All reads inside see one moment."""

    def bytes_used(self) -> int:
        """Bytes on disk that hold something."""

    def close(self) -> None: ...
