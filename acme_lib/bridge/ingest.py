"""Ingest: drain the socket, judge, commit one frame, then acknowledge. What is not on disk is never acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import structlog

from acme_lib.bridge.budget import Gauge, Raiser
from acme_lib.bridge.claims import keep
from acme_lib.bridge.intake import Intake
from acme_lib.bridge.session import SessionLoss, telling
from acme_lib.bridge.stream import MOST_BYTES, Batch, Publish
from acme_lib.journal import Journal, JournalFull

__all__ = ["Ingest", "Pace", "Source"]

log = structlog.get_logger("bridge.ingest")


class Source(Protocol):
    """Where batches come from: the MQTT session, or a test."""

    def poll(self, timeout_s: float, most: int) -> Batch | None: ...


@dataclass(frozen=True)
class Pace:
    """`grace_s`: how long a delivered frame stays, so that a reader of both files (status) sees one moment.

    `most` and `most_bytes` bound a frame, `hold_bytes` what waits in memory for a full disk.
    """

    wait_s: float = 0.25
    most: int = 2_000
    most_bytes: int = MOST_BYTES
    hold_bytes: int = 16 * MOST_BYTES
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
        alerts: Raiser | None = None,
    ) -> None:
        self._source, self._journal, self._intake, self._gauge = source, journal, intake, gauge
        self._dead_files, self._lowest, self._pace = dead_files, lowest, pace or Pace()
        self._loss = SessionLoss(alerts, intake.bridge_id)
        self._held: list[Batch] = []
        self._looked_at = self._full_until = 0.0
        self._refused = False  # the last write found no space
        self._seen, self._seen_at, self._prunable = 0, 0.0, 0

    def step(self) -> int:
        """Waits for messages, commits and acknowledges them; returns how many. Raises Stop on a journal that failed."""
        now = time.monotonic()
        if now - self._looked_at >= self._pace.look_s:
            self._look(now)
        self._take(self._pace.wait_s)
        if self._refused or not self._gauge.full:
            return self._commit() if self._held and now >= self._full_until else 0
        return 0

    def _take(self, wait_s: float) -> None:
        """What comes within `wait_s`; where that is little, what comes just after it too.

        A commit costs 0.4 ms of CPU whatever it holds. The pause is safe because the broker's window is thousands of
        messages; at the 50 of an unaltered HiveMQ CE it would still let 12,000/s pass.
        """
        if sum(batch.size for batch in self._held) >= self._pace.hold_bytes:
            time.sleep(wait_s)
            self._receive(0, 0)  # the rest stays with the broker, which sends all again should the connection end by it
            return
        came = self._receive(wait_s, self._pace.most)
        if 0 < came < self._pace.few and self._pace.linger_s:
            time.sleep(self._pace.linger_s)
            self._receive(0, self._pace.most)

    def _receive(self, wait_s: float, most: int) -> int:
        """Holds what comes; returns how many messages that were."""
        batch = self._source.poll(wait_s, most)
        if batch is None:
            return 0
        if batch.new_session:
            self._loss.began_anew(self._journal.next_seq - 1, _utc())
        if publishes := self._guaranteed(batch):
            self._held.append(Batch(batch.stream, publishes))
        return len(publishes)

    def _guaranteed(self, batch: Batch) -> list[Publish]:
        """While the disk is full only QoS 1 is held: it is bounded by Receive Maximum, and QoS 0 asks for no guarantee.

        But for one batch where nothing else is held: only a write shows that there is space again.
        """
        if not self._gauge.full or (self._refused and not self._held):
            return batch.publishes
        return [p for p in batch.publishes if p.packet_id]

    def _commit(self) -> int:
        """All that is held, a frame at a time; returns how many messages."""
        committed = 0
        while self._held:
            frame = self._next_frame()
            publishes = [p for batch in frame for p in batch.publishes]
            if not self._stored(publishes):
                break
            for batch in frame:
                batch.ack()  # PUBACK only now: the frame is on disk
            del self._held[: len(frame)]
            committed += len(publishes)
        return committed

    def _next_frame(self) -> list[Batch]:
        """The first of what is held, up to the bounds of a frame; one batch at least, and a batch is never divided."""
        count, size = 0, 0
        for taken, batch in enumerate(self._held):
            count, size = count + len(batch.publishes), size + batch.size
            if taken and (count > self._pace.most or size > self._pace.most_bytes):
                return self._held[:taken]
        return list(self._held)

    def _stored(self, publishes: list[Publish]) -> bool:
        """Whether they are on disk; False where it has no space."""
        now_ms = time.time_ns() // 1_000_000
        taken = self._intake.take(publishes, self._journal.next_seq, now_ms)
        try:
            if taken.claims:
                keep(self._dead_files, taken.claims)
            self._journal.append(taken.entries, now_ms, taken.counts)
        except JournalFull as e:
            self._refused, self._full_until = True, time.monotonic() + self._pace.full_retry_s
            with telling():
                self._gauge.no_space(_utc())
            log.error("not acknowledging", error=str(e))
            return False
        if self._refused:
            self._refused, self._looked_at = False, 0.0  # look at once: there is space again
        return True

    def _look(self, now: float) -> None:
        """Forgets held messages whose connection ended, looks at the disk, and deletes what everyone has."""
        self._looked_at = now
        self._held = [batch for batch in self._held if not batch.stream.ended]  # the broker will send them again
        self._loss.tell(_utc())
        try:
            if not self._refused:  # else a write must succeed first: the gauge does not see every disk we write to
                self._measure()
            self._delete(now)
        except JournalFull as e:
            log.error("no space even to delete", error=str(e))

    def _delete(self, now: float) -> None:
        if now - self._seen_at >= self._pace.grace_s:
            self._prunable, self._seen, self._seen_at = self._seen, self._lowest(), now
        until = time.monotonic() + self._pace.prune_s
        while self._journal.prune(self._prunable) and time.monotonic() < until:
            pass

    def _measure(self) -> None:
        was, used = self._gauge.full, self._journal.bytes_used()
        with telling():
            self._gauge.look(used, _utc())
        if was != self._gauge.full:
            log.warning("acknowledging stopped" if self._gauge.full else "acknowledging again", disk_bytes=used)


def _utc() -> datetime:
    return datetime.now(UTC)
