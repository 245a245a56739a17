"""Audit: an append-only record of what people and jobs changed; each row carries the hash of the row before."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from acme_lib.errors import Stop

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["GENESIS", "Audit", "AuditRow", "BrokenChain", "audit_at", "chain_faults"]

GENESIS = "0" * 64


class BrokenChain(Stop):
    """The record was altered; `sequence` is the first row that does not fit."""

    def __init__(self, message: str, sequence: int) -> None:
        super().__init__(message)
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row of ops_audit; `detail` is canonical JSON."""

    sequence: int
    at_utc: datetime
    actor: str
    action: str
    subject: str
    detail: str
    previous_hash: str
    hash: str

    def expected_hash(self) -> str:
        """SHA-256 over every other field, joined so that no two rows read alike."""
        at = self.at_utc.astimezone(UTC).isoformat(timespec="microseconds")
        parts = [self.sequence, at, self.actor, self.action, self.subject, self.detail, self.previous_hash]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()


def next_row(last: AuditRow | None, actor: str, action: str, subject: str, detail: str, now: datetime) -> AuditRow:
    """The row that follows `last` in the chain."""
    sequence, previous = (last.sequence + 1, last.hash) if last else (1, GENESIS)
    bare = AuditRow(sequence, now.astimezone(UTC), actor, action, subject, detail, previous, "")
    return AuditRow(sequence, bare.at_utc, actor, action, subject, detail, previous, bare.expected_hash())


def chain_faults(rows: list[AuditRow]) -> tuple[int, str] | None:
    """The first sequence that does not fit and why, or None. `rows` in order of sequence."""
    previous = GENESIS
    for expected, row in enumerate(rows, start=1):
        if row.sequence != expected:
            return expected, f"the row is missing; {row.sequence} stands in its place"
        if row.previous_hash != previous:
            return expected, "it does not follow from the row before"
        if row.hash != row.expected_hash():
            return expected, "its content does not fit its hash"
        previous = row.hash
    return None


class Audit(ABC):
    """The port. Adapters store rows in order; the chain is made and judged here."""

    def append(self, actor: str, action: str, subject: str, detail: dict[str, Any], now: datetime) -> AuditRow:
        """Adds one row and returns it; its hash is the new head of the chain."""
        text = json.dumps(detail, sort_keys=True, ensure_ascii=False, default=str)
        with self._exclusive():
            while True:
                row = next_row(self._last(), actor, action, subject, text, now)
                if self._add(row):
                    return row

    def verify(self, head: str | None = None) -> int:
        """The number of rows where the chain holds; raises BrokenChain naming the first row that does not fit.

        `head` is a hash noted elsewhere: with it a cut-off end is found too, which the chain alone can't show.
        """
        rows = self.rows()
        if fault := chain_faults(rows):
            raise BrokenChain(
                f"audit row {fault[0]}: {fault[1]}; compare it with a backup and report the change", fault[0]
            )
        if head is not None and head not in {r.hash for r in rows} | {GENESIS}:
            last = len(rows)
            raise BrokenChain(f"audit row {last + 1}: the noted head is not in the chain; rows were cut off", last + 1)
        return len(rows)

    @abstractmethod
    def rows(self) -> list[AuditRow]:
        """Every row in order of sequence."""

    @abstractmethod
    def _exclusive(self) -> AbstractContextManager[object]: ...

    @abstractmethod
    def _last(self) -> AuditRow | None: ...

    @abstractmethod
    def _add(self, row: AuditRow) -> bool:
        """Stores the row; False where another writer took its sequence first."""


def audit_at(where: Audit | Lakehouse | Path) -> Audit:
    """The adapter for a place: a JSONL file, a lakehouse, or the port itself."""
    if isinstance(where, Audit):
        return where
    if isinstance(where, Path):
        from acme_lib.monitoring.jsonl import JsonlAudit

        return JsonlAudit(where)
    from acme_lib.monitoring.lake_store import LakeAudit

    return LakeAudit(where)
