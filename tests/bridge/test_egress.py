"""Egress delivers everything, once in order, whatever the hub does; the ledger balances at every moment."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import pytest

from acme_lib.bridge.backoff import Backoff
from acme_lib.bridge.egress import Egress, Reach
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.lane import BatchLimit
from acme_lib.bridge.lanes import Lanes
from acme_lib.bridge.ledger import Status, read_status
from acme_lib.contracts import contracts
from acme_lib.errors import Retry, SlowDown, Stop
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


class Rig:
    """One bridge folder, a fake hub, and an egress that can be ended and begun again."""

    def __init__(self, folder: Path, partitions: int = 4) -> None:
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

    def begin(self, reach: Reach | None = None, limit: BatchLimit | None = None) -> None:
        self.cursors = self.files.cursors(writer=True)
        self.reader = self.files.reader()
        self.ending = threading.Event()
        self.lanes = Lanes(
            HUBS, self.connect, partition_for, self.files.folder, self.ending, FAST, limit or BatchLimit(events=11)
        )
        self.egress = Egress(
            self.reader, self.cursors, self.lanes, self._alarm, reach or Reach(idle_s=0.002, settle_s=0)
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


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_everything_arrives_once_in_order_in_the_services_partition(rig: Rig) -> None:
    rig.accept(500)
    rig.begin()
    found = rig.drain()
    rig.end()
    assert (found.accepted, found.delivered, found.dead_letters_delivered) == (500, 450, 50)
    assert (found.redelivered, found.retries, found.quarantined) == (0, 0, 0)
    assert found.dead_lettered == {"SCHEMA_INVALID": 50}
    assert rig.missing() == set()
    assert sum(len(p) for ps in rig.hubs.stored.values() for p in ps) == 500
    for index, partition in enumerate(rig.hubs.stored["telemetry"]):
        assert all(partition_for(json.loads(b)["key"], 4) == index for b in partition)


@pytest.mark.parametrize("fault", ["busy", "drop", "lostack", "hang", "detach"])
def test_no_fault_loses_or_reorders(rig: Rig, fault: str) -> None:
    rig.begin()
    for round_ in range(4):
        rig.hubs.fault(fault, 3 + round_)
        rig.accept(140)
        found = rig.drain()
    rig.end()
    assert rig.missing() == set()
    assert rig.inversions() == 0
    assert found.retries == 3 + 4 + 5 + 6
    stored = sum(len(p) for ps in rig.hubs.stored.values() for p in ps)
    if fault == "lostack":
        assert found.redelivered == len(
            [1 for ps in rig.stored().values() for p in ps for n, k in Counter(p).items() if k > 1]
        )
        assert stored > 560
    else:
        assert stored == 560
    if fault == "busy":
        assert found.redelivered == 0  # refused whole: its outcome was never in doubt


def test_an_outage_buffers_and_then_drains_in_order(rig: Rig) -> None:
    rig.begin()
    rig.hubs.down = True
    rig.accept(300)
    for _ in range(20):
        rig.egress.step()
    found = rig.status()
    assert (found.balanced, found.buffered, found.dead_letters_buffered) == (True, 270, 30)
    rig.hubs.down = False
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def test_a_hub_that_refuses_for_good_stops_and_the_next_start_goes_on(rig: Rig) -> None:
    rig.begin()
    rig.hubs.fault("auth", 1)
    rig.accept(50)
    with pytest.raises(Stop, match="role"):
        rig.drain()
    rig.end()
    rig.begin()
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def test_a_crash_sends_again_what_it_had_not_noted_and_counts_it_once(rig: Rig) -> None:
    rig.accept(200)
    rig.begin()
    for _ in range(3):
        rig.egress.step()
    until = time.monotonic() + 5
    while sum(len(p) for ps in rig.hubs.stored.values() for p in ps) < 60 and time.monotonic() < until:
        time.sleep(0.001)
    rig.crash()
    noted = rig.status()
    before = sum(len(p) for ps in rig.hubs.stored.values() for p in ps)
    assert noted.balanced
    rig.begin()
    found = rig.drain()
    rig.end()
    assert found.delivered + found.dead_letters_delivered == 200
    assert found.redelivered == before - noted.delivered - noted.dead_letters_delivered
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def test_what_was_only_throttled_before_a_crash_is_no_redelivery(rig: Rig) -> None:
    rig.accept(50)
    rig.hubs.fault("busy", 1_000_000)
    rig.begin()
    while rig.hubs.sends < 40:
        rig.egress.step()
    rig.crash()
    rig.hubs = MemoryHubs(4)
    rig.begin()
    found = rig.drain()
    rig.end()
    assert (found.redelivered, rig.missing()) == (0, set())


def test_memory_is_bounded_while_the_journal_is_long(rig: Rig) -> None:
    rig.accept(2_000, per_frame=20)
    rig.only = 0
    rig.begin(Reach(ahead_bytes=4_000, read_bytes=600, idle_s=0.001, settle_s=0))
    for _ in range(50):
        rig.egress.step()
    assert 4_000 <= rig.lanes.held_bytes() < 12_000
    rig.end()
    rig.only = None
    rig.begin()
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def corrupt(rig: Rig, last: int) -> None:
    with sqlite3.connect(rig.files.journal_path) as db:
        db.execute("update frame set body = x'00' where last = ?", (last,))
    db.close()


def test_a_corrupt_frame_is_set_aside_alarmed_and_accounted_for(rig: Rig) -> None:
    rig.accept(70)
    corrupt(rig, 21)  # numbers 15..21, among them the dead letter 20
    rig.begin()
    found = rig.drain()
    rig.end()
    assert rig.missing(range(15, 22)) == set()
    assert (found.quarantined, found.dead_letters_quarantined) == (6, 1)
    assert [(a.first, a.last, a.blob) for a in rig.alarms] == [(15, 21, b"\x00")]
    assert any("quarantined" in c for c in found.complaints)


def test_a_frame_that_rots_after_part_of_it_was_delivered_is_counted_exactly(rig: Rig) -> None:
    rig.accept(70)
    rig.only = 0
    rig.begin()
    while not rig.hubs.stored["telemetry"][0]:
        rig.egress.step()
    for _ in range(20):
        rig.egress.step()
        time.sleep(0.002)
    rig.end()
    there = {n for ps in rig.stored().values() for p in ps for n in p}
    inside = there & set(range(15, 22))
    assert 0 < len(inside) < 7
    corrupt(rig, 21)
    rig.only = None
    rig.begin()
    found = rig.drain()
    rig.end()
    assert found.quarantined + found.dead_letters_quarantined == 7 - len(inside)
    assert rig.missing(range(15, 22)) == set()


def test_lost_cursors_send_again_what_is_stored_and_keep_the_ledger(rig: Rig) -> None:
    rig.accept(140)
    rig.begin()
    rig.drain()
    rig.end()
    rig.journal.prune(70)
    for file in rig.files.folder.glob("cursors.*"):
        file.unlink()
    rig.accept(35)
    rig.begin()
    found = rig.drain()
    rig.end()
    assert found.accepted == 175
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def test_a_hub_with_more_partitions_begins_anew_without_loss(rig: Rig) -> None:
    rig.accept(140)
    rig.begin()
    rig.drain()
    rig.end()
    rig.hubs = MemoryHubs(8)
    rig.accept(70)
    rig.begin()
    found = rig.drain()
    rig.end()
    assert found.accepted == found.delivered + 21
    assert rig.missing(range(1, 141)) == set()


def test_a_lost_journal_never_reuses_a_number(rig: Rig) -> None:
    rig.accept(70)
    rig.begin()
    rig.drain()
    rig.end()
    rig.journal.close()
    for file in rig.files.folder.glob("journal.*"):
        file.unlink()
    rig.journal = rig.files.writer("telemetry-dlq")  # type: ignore[assignment]
    assert rig.journal.next_seq > 70 + 1_000
    found = rig.status()
    assert found.accepted == 70
    rig.accept(70)
    rig.begin()
    rig.drain()
    rig.end()
    assert rig.missing() == set()


def test_status_without_a_bridge_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="start `acme bridge run`"):
        read_status(BridgeFiles(tmp_path), contracts().bridge, 1, 1, partition_for)
