"""Ingest: drain the socket, judge, commit one frame, then acknowledge. What is not on disk is never acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from acme_lib.bridge.budget import Gauge
from acme_lib.bridge.claims import keep
from acme_lib.bridge.intake import Intake
from acme_lib.bridge.subscriber import Batch
from acme_lib.journal import Journal, JournalFull

__all__ = ["Ingest", "Pace", "Source"]

log = structlog.get_logger("bridge.ingest")


class Source(Protocol):
    """Where batches come from: the MQTT session, or a test."""

    def poll(self, timeout_s: float, most: int) -> Batch | None: ...


@dataclass(frozen=True)
class Pace:
    """`grace_s`: how long a delivered frame stays, so that a reader of both files (status) sees one moment."""

    wait_s: float = 0.25
    most: int = 2_000
    few: int = 100
    linger_s: float = 0.004
    look_s: float = 1.0
    grace_s: float = 2.0
    full_retry_s: float = 1.0
    prune_s: float = 0.1  # longest pause of reading for the sake of deleting


class Ingest:
    """One step at a time: `step()` until stopped. Holds unacknowledged messages only in memory and on the broker."""

    def __init__(
        self,
        source: Source,
        journal: Journal,
        intake: Intake,
        gauge: Gauge,
        dead_files: Path,
        lowest: Callable[[], int],
        pace: Pace | None = None,
    ) -> None:
        self._source, self._journal, self._intake, self._gauge = source, journal, intake, gauge
        self._dead_files, self._lowest, self._pace = dead_files, lowest, pace or Pace()
        self._held: list[Batch] = []
        self._looked_at = self._full_until = 0.0
        self._seen, self._seen_at, self._prunable = 0, 0.0, 0

    def step(self) -> int:
        """Waits for messages, commits and acknowledges them; returns how many. Raises Stop on a journal that failed."""
        now = time.monotonic()
        if now - self._looked_at >= self._pace.look_s:
            self._look(now)
        self._take(self._pace.wait_s)
        if self._held and not self._gauge.full and now >= self._full_until:
            return self._commit()
        return 0

    def _take(self, wait_s: float) -> None:
        """What comes within `wait_s`; where that is little, what comes just after it too.

        A commit costs 0.4 ms of CPU whatever it holds. The pause is safe because the broker's window is thousands of
        messages; at the 50 of an unaltered HiveMQ CE it would still let 12,000/s pass.
        """
        batch = self._source.poll(wait_s, self._pace.most)
        if batch is None:
            return
        self._held.append(self._guaranteed(batch))
        if len(batch.publishes) < self._pace.few and self._pace.linger_s:
            time.sleep(self._pace.linger_s)
            if more := self._source.poll(0, self._pace.most):
                self._held.append(self._guaranteed(more))

    def _guaranteed(self, batch: Batch) -> Batch:
        """While the disk is full only QoS 1 is held: it is bounded by Receive Maximum, and QoS 0 asks for no guarantee."""
        if not self._gauge.full:
            return batch
        return Batch(batch.stream, [p for p in batch.publishes if p.packet_id])

    def _commit(self) -> int:
        publishes = [p for batch in self._held for p in batch.publishes]
        now_ms = time.time_ns() // 1_000_000
        taken = self._intake.take(publishes, self._journal.next_seq, now_ms)
        try:
            if taken.claims:
                keep(self._dead_files, taken.claims)
            self._journal.append(taken.entries, now_ms, taken.counts)
        except JournalFull as e:
            log.error("not acknowledging", error=str(e))
            self._gauge.no_space(_utc())
            self._full_until = time.monotonic() + self._pace.full_retry_s
            return 0
        for batch in self._held:
            batch.ack()  # PUBACK only now: the frame is on disk
        self._held.clear()
        return len(publishes)

    def _look(self, now: float) -> None:
        """Deletes what everyone has, looks at the disk, and forgets held messages whose connection ended."""
        self._looked_at = now
        self._held = [batch for batch in self._held if not batch.stream.ended]  # the broker will send them again
        if now - self._seen_at >= self._pace.grace_s:
            self._prunable, self._seen, self._seen_at = self._seen, self._lowest(), now
        try:
            until = time.monotonic() + self._pace.prune_s
            while self._journal.prune(self._prunable) and time.monotonic() < until:
                pass
        except JournalFull as e:
            log.error("no space even to delete", error=str(e))
        was = self._gauge.full
        share = self._gauge.look(self._journal.bytes_used(), _utc())
        if was != self._gauge.full:
            log.warning(
                "acknowledging stopped" if self._gauge.full else "acknowledging again", disk_share=round(share, 3)
            )


def _utc() -> datetime:
    return datetime.now(UTC)
