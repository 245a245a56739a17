"""Egress: tails the journal, deals entries to the partitions' lanes, and commits how far each has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from acme_lib.bridge.lanes import Lanes
from acme_lib.bridge.rebase import begin, delivered_inside
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
        last = frames[-1] if frames else None
        self.commit(last if isinstance(last, Corrupt) else None)
        self._lanes.check()
        if not frames:
            self._lanes.wake.wait(self._reach.idle_s)
            if self._lanes.wake.is_set():
                self._lanes.ending.wait(self._reach.settle_s)  # let other lanes finish too: one commit for all

    def _read_on(self) -> list[Frame | Corrupt]:
        """Deals what is read to the lanes; a frame that can't be read is the last of the list."""
        read: list[Frame | Corrupt] = []
        for frame in self._journal.frames(self._read, self._reach.read_bytes):
            read.append(frame)
            self._read = frame.last
            if isinstance(frame, Corrupt):
                break
            self._deal(frame)
        return read

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

    def commit(self, corrupt: Corrupt | None = None) -> None:
        """One durable commit of cursors, counters and quarantine, if anything moved."""
        progress, held = Progress(), Counter[str]()
        for lane, sender in self._lanes.items():
            sent = sender.sent()
            progress.add(f"delivered/{lane.hub}", sent.delivered)
            progress.add(f"redelivered/{lane.hub}", sent.redelivered)
            progress.add(f"retries/{lane.hub}", sent.retries)
            held[lane.hub] += sent.held
            place = self._read if sent.lowest_held is None else sent.lowest_held - 1
            progress.positions[lane] = max(place, self._stored.get(lane, 0))
        if corrupt is not None:
            self._set_aside(corrupt, progress, held)
        if progress.counts or progress.quarantined or progress.positions != self._stored:
            self._cursors.commit(progress)
            self._stored.update(progress.positions)

    def _set_aside(self, frame: Corrupt, progress: Progress, held: Counter[str]) -> None:
        """Into quarantine with its bytes, counted without what an earlier run had delivered of it."""
        log.error("frame quarantined", first=frame.first, last=frame.last, why=frame.why)
        self._alarm(frame, datetime.now(UTC))
        gone: dict[str, int] = {}
        if frame.first <= max(self._from.values()):
            known = Counter(self._cursors.counters()) + Counter(progress.counts)
            gone = delivered_inside(self._journal, frame, self._from, known, held, self._lanes.lane)
        progress.quarantined.append(frame)
        for hub, n in frame.counts.items():
            progress.add(f"quarantined/{hub}", n - gone.get(hub, 0))

    def finish(self) -> None:
        """Lets batches in flight end, and commits."""
        self._lanes.end()
        self.commit()
