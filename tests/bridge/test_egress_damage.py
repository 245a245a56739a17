"""Egress after damage: rotten frames, lost cursors, a lost journal, a hub with other partitions. The ledger stays exact."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.ledger import read_status
from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.eventhubs import partition_for
from acme_lib.eventhubs.testing import MemoryHubs
from tests.bridge.egress_rig import Rig


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


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
