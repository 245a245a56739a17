"""One bridge folder, a fake hub and an egress that can be ended, crashed and begun again, for the tests of egress."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from acme_lib.bridge.backoff import Backoff
from acme_lib.bridge.egress import Egress, Reach
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.lane import BatchLimit
from acme_lib.bridge.lanes import Lanes
from acme_lib.bridge.ledger import Status, read_status
from acme_lib.bridge.unfailing import log_unfailing
from acme_lib.contracts import contracts
from acme_lib.errors import Retry, SlowDown
from acme_lib.eventhubs import partition_for
from acme_lib.eventhubs.testing import MemoryHubs, MemorySender
from acme_lib.journal import Corrupt, Entry, SqliteJournal

FAST = Backoff(first_s=0.002, most_s=0.01, throttled_s=0.0, jitter=0.0)
HUBS = ("telemetry", "telemetry-dlq")


class Gated:
    """A sender of the fake hub; throttling asks for no pause, and all partitions but one may be unreachable."""

    def __init__(self, inner: MemorySender, only: int | None) -> None:
        self._inner, self._only = inner, only
        self.partition_count, self.close = inner.partition_count, inner.close

    def send(self, partition: int, bodies: Sequence[bytes]) -> None:
        if self._only not in (None, partition):
            raise Retry("unreachable")
        try:
            self._inner.send(partition, bodies)
        except SlowDown as e:
            raise SlowDown(str(e), 0.0) from e


class Away:
    """A hub that does not answer."""

    @property
    def partition_count(self) -> int:
        raise Retry("unreachable")

    def send(self, partition: int, bodies: Sequence[bytes]) -> None:
        raise Retry("unreachable")

    def close(self) -> None: ...


class Rig:
    """One bridge folder, a fake hub, and an egress that can be ended and begun again."""

    def __init__(self, folder: Path, partitions: int = 4) -> None:
        log_unfailing()
        self.files = BridgeFiles(folder / "journal")
        self.hubs = MemoryHubs(partitions)
        self.journal = SqliteJournal(self.files.journal_path, writer=True)
        self.alarms: list[Corrupt] = []
        self.n = 0
        self.only: int | None = None  # the one partition that is reachable

    def accept(self, count: int, dead_every: int = 10, per_frame: int = 7) -> None:
        while count > 0:
            size = min(per_frame, count)
            frame = [self._entry(dead_every) for _ in range(size)]
            dead = sum(e.hub == "telemetry-dlq" for e in frame)
            self.journal.append(frame, 1, {"dead_lettered/SCHEMA_INVALID/NOT_JSON": dead})
            count -= size

    def _entry(self, dead_every: int) -> Entry:
        self.n += 1
        key = f"tag-{self.n % 23}"
        hub = "telemetry-dlq" if self.n % dead_every == 0 else "telemetry"
        return Entry(hub, key, json.dumps({"n": self.n, "key": key}).encode())

    def connect(self, hub: str) -> Gated:
        return Gated(self.hubs.connect(hub), self.only)

    def begin(self, reach: Reach | None = None, limit: BatchLimit | None = None, hubs: Sequence[str] = HUBS) -> None:
        self.cursors = self.files.cursors(writer=True)
        self.reader = self.files.reader()
        self.ending = threading.Event()
        self.lanes = Lanes(
            hubs, self.connect, partition_for, self.files.folder, self.ending, FAST, limit or BatchLimit(events=11)
        )
        self.egress = Egress(
            self.reader,
            self.cursors,
            self.lanes,
            self._alarm,
            reach or Reach(idle_s=0.002, settle_s=0, full_retry_s=0.002),
        )

    def _alarm(self, frame: Corrupt, now: datetime) -> None:
        self.alarms.append(frame)

    def end(self) -> None:
        self.egress.finish()
        self.close()

    def close(self) -> None:
        self.cursors.close()
        self.reader.close()

    def crash(self) -> None:
        """Lanes stop where they are; what they delivered since the last commit is forgotten, as by kill -9."""
        self.lanes.end()
        self.close()

    def status(self) -> Status:
        return read_status(self.files, contracts().bridge, 1 << 40, 2, partition_for)

    def drain(self, within_s: float = 10.0) -> Status:
        until = time.monotonic() + within_s
        while True:
            self.egress.step()
            found = self.status()
            assert found.balanced, found
            if not found.buffered + found.dead_letters_buffered:
                return found
            assert time.monotonic() < until, found

    def stored(self) -> dict[str, list[list[int]]]:
        """Numbers per hub and partition, in order of storing."""
        return {h: [[json.loads(b)["n"] for b in p] for p in ps] for h, ps in self.hubs.stored.items()}

    def missing(self, gone: Sequence[int] = ()) -> set[int]:
        there = {n for ps in self.stored().values() for p in ps for n in p}
        return set(range(1, self.n + 1)) - there - set(gone)

    def inversions(self) -> int:
        """A number that comes for the first time after a larger one of its key."""
        found = 0
        for partitions in self.hubs.stored.values():
            for partition in partitions:
                last: Counter[str] = Counter()
                seen: set[int] = set()
                for body in map(json.loads, partition):
                    found += body["n"] not in seen and body["n"] < last[body["key"]]
                    seen.add(body["n"])
                    last[body["key"]] = max(last[body["key"]], body["n"])
        return found
