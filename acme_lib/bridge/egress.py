"""Egress: tails the journal, deals entries to the partitions' lanes, and commits how far each has come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from acme_lib.bridge.lanes import Lanes
from acme_lib.bridge.rebase import begin
from acme_lib.journal import Corrupt, Cursors, Frame, Journal, Lane, Progress

__all__ = ["Egress", "Reach"]

log = structlog.get_logger("bridge.egress")


@dataclass(frozen=True)
class Reach:
    """How far reading may run ahead of delivery, and how long it idles. Memory is about twice `ahead_bytes`."""

    ahead_bytes: int = 48 * 1024 * 1024
    read_bytes: int = 256 * 1024  # of stored, compressed frames
    idle_s: float = 0.05
    settle_s: float = 0.02


class Egress:
    """`step()` until stopped, then `finish()`. Memory is bounded by `Reach`, however long the journal is."""

    def __init__(
        self,
        journal: Journal,
        cursors: Cursors,
        lanes: Lanes,
        alarm: Callable[[Corrupt, datetime], None],
        reach: Reach | None = None,
    ) -> None:
        self._journal, self._cursors, self._lanes, self._alarm = journal, cursors, lanes, alarm
        self._reach = reach or Reach()
        self._from = begin(journal, cursors, lanes.counts())
        self._read = min(self._from.values())
        self._stored = dict(self._from)

    def step(self) -> None:
        """Reads on where there is room, commits what was delivered; waits a little where there is nothing to do.

        Raises Stop where a hub refuses for good, or a file failed.
        """
        self._lanes.wake.clear()
        frames = self._read_on() if self._lanes.held_bytes() < self._reach.ahead_bytes else []
        self.commit([f for f in frames if isinstance(f, Corrupt)])
        self._lanes.check()
        if not frames:
            self._lanes.wake.wait(self._reach.idle_s)
            if self._lanes.wake.is_set():
                self._lanes.ending.wait(self._reach.settle_s)  # let other lanes finish too: one commit for all

    def _read_on(self) -> list[Frame | Corrupt]:
        frames = self._journal.frames(self._read, self._reach.read_bytes)
        for frame in frames:
            if isinstance(frame, Frame):
                self._deal(frame)
            self._read = frame.last
        return frames

    def _deal(self, frame: Frame) -> None:
        """To each lane its entries, but for those delivered before this process began."""
        dealt: dict[Lane, list[tuple[int, bytes]]] = {}
        lane_of, begun = self._lanes.lane, self._from
        for seq, (hub, key, body) in enumerate(frame.entries, frame.first):
            lane = lane_of(hub, key)
            if seq > begun.get(lane, 0):
                dealt.setdefault(lane, []).append((seq, body))
        for lane, items in dealt.items():
            self._lanes.put(lane, items)

    def commit(self, corrupt: list[Corrupt] | None = None) -> None:
        """One durable commit of cursors, counters and quarantine, if anything moved."""
        progress = Progress()
        for lane, sender in self._lanes.items():
            sent = sender.sent()
            progress.add(f"delivered/{lane.hub}", sent.delivered)
            progress.add(f"redelivered/{lane.hub}", sent.redelivered)
            progress.add(f"retries/{lane.hub}", sent.retries)
            place = self._read if sent.lowest_held is None else sent.lowest_held - 1
            progress.positions[lane] = max(place, self._stored.get(lane, 0))
        for frame in corrupt or []:
            self._set_aside(frame, progress)
        if progress.counts or progress.quarantined or progress.positions != self._stored:
            self._cursors.commit(progress)
            self._stored.update(progress.positions)
        for frame in corrupt or []:
            self._alarm(frame, datetime.now(UTC))

    def _set_aside(self, frame: Corrupt, progress: Progress) -> None:
        log.error("frame quarantined", first=frame.first, last=frame.last, why=frame.why)
        progress.quarantined.append(frame)
        for hub, n in frame.counts.items():
            progress.add(f"quarantined/{hub}", n)

    def finish(self) -> None:
        """Lets batches in flight end, and commits."""
        self._lanes.end()
        self.commit()
