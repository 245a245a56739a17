"""Egress delivers everything, once in order, whatever the hub does; the ledger balances at every moment."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pytest

from acme_lib.bridge.egress import Reach
from acme_lib.errors import Stop
from acme_lib.eventhubs import partition_for
from acme_lib.eventhubs.testing import MemoryHubs
from tests.bridge.egress_rig import Rig


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
