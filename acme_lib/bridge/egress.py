"""Egress: tails the journal, deals entries to the partitions' lanes, and commits how far each has come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog

from acme_lib.bridge.lanes import Lanes
from acme_lib.bridge.rebase import begin, delivered_inside
from acme_lib.journal import Corrupt, Cursors, Frame, Journal, JournalFull, Lane, Progress

__all__ = ["Egress", "Reach"]

log = structlog.get_logger("bridge.egress")


@dataclass(frozen=True)
class Reach:
    """How far reading may run ahead of delivery, and how long it idles.

    Memory is about twice `ahead_bytes`, and twice what the largest frame holds: one always passes, however large.
    """

    ahead_bytes: int = 48 * 1024 * 1024
    read_bytes: int = 4 * 1024 * 1024  # of bodies, as they are sent: a stored frame says little of its size
    idle_s: float = 0.05
    settle_s: float = 0.02
    full_retry_s: float = 1.0


class Egress:
    """`step()` until stopped, then `finish()`. Memory is bounded by `Reach`, however long the journal is.

    No cursor passes a frame before all of it is with the lanes, or, where it can't be read, in quarantine.
    """

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
        self._read = min(self._from.values())  # all up to here is dealt, or set aside
        self._stored = dict(self._from)
        self._unsaved = Progress()  # counts that no commit has taken yet
        self._proven = self._full = self._torn = False
        self._rotten: Corrupt | None = None  # can't be read, and is not in quarantine yet

    def step(self) -> None:
        """Reads on where there is room, commits what was delivered; waits a little where there is nothing to do.

        Raises Stop where a hub refuses for good, or a file failed.
        """
        self._lanes.wake.clear()
        if not self._proven:
            self._noted()
        room = self._proven and not self._full and self._lanes.held_bytes() < self._reach.ahead_bytes
        read = room and self._read_on()
        noted = self._noted()
        self._lanes.check()
        if not noted:
            self._lanes.ending.wait(self._reach.full_retry_s)
        elif not read:
            self._lanes.wake.wait(self._reach.idle_s)
            if self._lanes.wake.is_set():
                self._lanes.ending.wait(self._reach.settle_s)  # let other lanes finish too: one commit for all

    def _read_on(self) -> bool:
        """Deals what it reads to the lanes, up to a frame that can't be read; False where there was nothing."""
        size, begun = 0, self._read
        while size < self._reach.read_bytes and self._rotten is None:
            found = self._journal.frames(self._read, 1)  # one at a time: how large it is shows only once it is open
            if not found:
                break
            frame = found[0]
            if isinstance(frame, Corrupt):
                self._rotten = frame
                log.error("frame can't be read", first=frame.first, last=frame.last, why=frame.why)
                self._alarm(frame, datetime.now(UTC))
            else:
                size += self._deal(frame)
        return self._read > begun or self._rotten is not None

    def _deal(self, frame: Frame) -> int:
        """To each lane its entries, but for those delivered before this process began. Returns the bytes of all bodies."""
        dealt: dict[Lane, list[tuple[int, bytes]]] = {}
        lane_of, begun, size = self._lanes.lane, self._from, 0
        for seq, (hub, key, body) in enumerate(frame.entries, frame.first):
            lane = lane_of(hub, key)  # may open a hub, and fail: no lane has anything of this frame yet
            size += len(body)
            if seq > begun.get(lane, 0):
                dealt.setdefault(lane, []).append((seq, body))
        self._torn = True
        for lane, items in dealt.items():
            self._lanes.put(lane, items)
        self._read, self._torn = frame.last, False
        return size

    def commit(self) -> None:
        """Durable commits of cursors and counters, if anything moved, and of a frame to set aside.

        Raises JournalFull where there is no space: call it again, nothing is forgotten.
        """
        held = self._save()
        if self._rotten is not None:
            self._set_aside(self._rotten, held)

    def _save(self) -> Counter[Lane]:
        """One commit of cursors and counters. Returns how many entries each lane held at that moment."""
        progress, held = self._unsaved, Counter[Lane]()
        for lane, sender in self._lanes.items():
            sent = sender.sent()
            progress.add(f"delivered/{lane.hub}", sent.delivered)
            progress.add(f"redelivered/{lane.hub}", sent.redelivered)
            progress.add(f"retries/{lane.hub}", sent.retries)
            held[lane] = sent.held
            place = self._read if sent.lowest_held is None else sent.lowest_held - 1
            progress.positions[lane] = max(place, self._stored.get(lane, 0))
        # The first is made whatever moved, and nothing is read before: else each start would send what it can't note.
        if not self._proven or progress.counts or progress.positions != self._stored:
            self._cursors.commit(progress)
            self._stored.update(progress.positions)
            self._unsaved, self._proven = Progress(), True
        return held

    def _set_aside(self, frame: Corrupt, held: Counter[Lane]) -> None:
        """Into quarantine with its bytes, counted without what an earlier run had delivered of it.

        A commit of its own, and the only one that passes the frame: its bytes may need more space than cursors do.
        """
        progress = Progress(quarantined=[frame])
        progress.positions = {lane: max(frame.last, self._stored[lane]) for lane, n in held.items() if not n}
        gone: dict[str, int] = {}
        if frame.first <= max(self._from.values()):
            of_hub = Counter[str]()
            for lane, n in held.items():
                of_hub[lane.hub] += n
            known = self._cursors.counters()
            gone = delivered_inside(self._journal, frame, self._from, known, of_hub, self._lanes.lane)
        for hub, n in frame.counts.items():
            progress.add(f"quarantined/{hub}", n - gone.get(hub, 0))
        self._cursors.commit(progress)
        self._stored.update(progress.positions)
        self._read, self._rotten = frame.last, None
        log.error("frame quarantined", first=frame.first, last=frame.last)

    def _noted(self) -> bool:
        """Commits. False where there is no space for it: nothing more is read then, so what is sent unnoted stays bounded."""
        try:
            self.commit()
        except JournalFull as e:
            if not self._full:
                log.error("deliveries can't be noted, reading no further", error=str(e))
            self._full = True
            return False
        if self._full:
            log.warning("deliveries are noted again")
        self._full = False
        return True

    def finish(self) -> None:
        """Lets batches in flight end, and commits. What can't be noted is sent again at the next start."""
        self._lanes.end()
        if not self._torn:  # else some lanes have their part of the frame and others not: as after kill -9
            self._noted()
