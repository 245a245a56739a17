"""Nothing is acknowledged before it is on disk; a full disk stops acknowledging and loses nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from pathlib import Path

import pytest

from acme_lib.bridge.budget import Budget, Gauge
from acme_lib.bridge.ingest import Ingest, Pace
from acme_lib.bridge.intake import Intake
from acme_lib.bridge.mapping import Mapping
from acme_lib.bridge.stream import Batch, Publish, Stream
from acme_lib.contracts import contracts
from acme_lib.journal import Entry, JournalFull, MemoryJournal

TOPIC = "acme/plant-a/press/line-1/cell-1/pump-001/vibration"


class Bell:
    def __init__(self) -> None:
        self.opened: list[str] = []
        self.keys: list[str] = []
        self.closed: list[str] = []

    def open(self, rule: str, key: str, value: object, now: object) -> bool:
        self.opened.append(rule)
        self.keys.append(key)
        return True

    def close(self, rule: str, key: str, now: object) -> int:
        self.closed.append(rule)
        return 0


class RecordingStream(Stream):
    def __init__(self) -> None:
        super().__init__(socket.socketpair()[0])
        self.acked: list[int] = []

    def ack(self, packet_ids: list[int]) -> None:
        self.acked += packet_ids


class Broker:
    """Gives batches as told."""

    def __init__(self) -> None:
        self.stream = RecordingStream()
        self.waiting: list[list[Publish]] = []
        self.new_session = False
        self.asked_for: list[int] = []

    def send(self, *numbers: int, raw: bytes = b"{}", qos: int = 1) -> None:
        self.waiting.append([Publish(TOPIC, raw, n if qos else 0) for n in numbers])

    def poll(self, timeout_s: float, most: int) -> Batch | None:
        self.asked_for.append(most)
        began, self.new_session = self.new_session, False
        publishes = self.waiting.pop(0) if self.waiting and most else []
        return Batch(self.stream, publishes, began) if publishes or began else None


class Tight(MemoryJournal):
    """Has no space while `full`."""

    full = False
    order: list[str]

    def append(self, entries: Sequence[Entry], now_ms: int, counts: Mapped[str, int] | None = None) -> int:
        if self.full:
            raise JournalFull("full; free some")
        return super().append(entries, now_ms, counts)


class Rig:
    def __init__(self, folder: Path, budget: int = 1 << 40, linger_s: float = 0.0, **pace: float) -> None:
        self.broker, self.journal, self.bell, self.lowest = Broker(), Tight(), Bell(), 0
        self.gauge = Gauge(Budget(budget), self.bell, "bridge-1", lambda: 1 << 40)
        self.files = folder / "dlq"
        intake = Intake(Mapping(contracts().bridge), "bridge-1")
        found = Pace(wait_s=0, linger_s=linger_s, look_s=0, grace_s=0, full_retry_s=0, **pace)  # type: ignore[arg-type]
        self.ingest = Ingest(
            self.broker, self.journal, intake, self.gauge, self.files, lambda: self.lowest, found, self.bell
        )


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_acknowledged_in_order_of_receipt_after_the_commit(rig: Rig) -> None:
    rig.broker.send(5, 3, 9)
    assert rig.ingest.step() == 3
    assert rig.broker.stream.acked == [5, 3, 9]
    assert rig.journal.next_seq == 4


def test_no_space_acknowledges_nothing_and_commits_everything_once_later(rig: Rig) -> None:
    rig.journal.full = True
    for n in (1, 2, 3):
        rig.broker.send(n)
        rig.ingest.step()
    assert rig.broker.stream.acked == []
    assert "journal_disk_full" in rig.bell.opened
    rig.journal.full = False
    while not rig.broker.stream.acked:
        rig.ingest.step()
    assert rig.broker.stream.acked == [1, 2, 3]
    assert rig.journal.next_seq == 4


def test_over_95_percent_of_a_tiny_budget_it_stops_before_the_disk_does(tmp_path: Path) -> None:
    rig = Rig(tmp_path, budget=2_000)
    for n in range(1, 200):
        rig.broker.send(n, raw=bytes([n]) * 400)
        rig.ingest.step()
    stopped = len(rig.broker.stream.acked)
    assert 0 < stopped < 199
    assert rig.bell.opened == ["journal_disk_high", "journal_disk_full"]
    rig.lowest = rig.journal.next_seq - 1  # egress has delivered all
    for _ in range(5):
        rig.ingest.step()
    assert rig.broker.stream.acked == list(range(1, 200))


def test_held_messages_of_an_ended_connection_are_left_to_the_broker(rig: Rig) -> None:
    rig.journal.full = True
    rig.broker.send(1)
    rig.ingest.step()
    rig.broker.stream.ended = True
    rig.journal.full = False
    rig.ingest.step()
    assert rig.journal.next_seq == 1


def test_an_original_is_on_disk_before_its_claim_check(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b"x" * 600_000
    rig.broker.send(1, raw=raw)
    rig.ingest.step()
    entry = rig.journal.frames(0, 1)[0].entries[0]  # type: ignore[union-attr]
    name = json.loads(entry.body)["sha256"]
    assert (rig.files / name).read_bytes() == raw


def test_delivered_frames_are_deleted_one_look_later(rig: Rig) -> None:
    rig.broker.send(1, 2)
    rig.ingest.step()
    rig.lowest = 2
    rig.ingest.step()
    assert len(rig.journal.frames(0, 1)) == 1  # a reader of both files may still want it
    rig.ingest.step()
    assert rig.journal.frames(0, 1) == []


def test_a_few_messages_wait_a_moment_for_more_and_share_one_commit(tmp_path: Path) -> None:
    rig = Rig(tmp_path, linger_s=0.001)
    rig.broker.send(1)
    rig.broker.send(2, 3)
    assert rig.ingest.step() == 3
    assert len(rig.journal.frames(0, 1 << 30)) == 1
    rig.broker.send(*range(4, 204))
    rig.broker.send(204)
    assert rig.ingest.step() == 200  # many don't wait
