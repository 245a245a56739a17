"""The promises of the sender port, kept by the real adapter over the door and by the fake that the bridge's tests use."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from acme_lib.errors import Retry, SlowDown, Stop
from acme_lib.eventhubs import HubSender, connect
from acme_lib.eventhubs.local import LocalEventHubs
from acme_lib.eventhubs.testing import MemoryHubs
from tests.eventhubs.conftest import end_offset, read_back

HUB = "telemetry"


class MemoryWorld:
    def __init__(self) -> None:
        self.hubs = MemoryHubs()
        self.connect, self.fault = self.hubs.connect, self.hubs.fault

    def stored(self, partition: int) -> list[bytes]:
        return list(self.hubs.stored[HUB][partition])


class RealWorld:
    """What one test stored: read from where each partition ended when the test began."""

    def __init__(self, hubs: LocalEventHubs) -> None:
        self.hubs, self.settings = hubs, hubs.settings
        self.starts = {n: end_offset(self.settings, HUB, n) for n in range(4)}
        self.fault = hubs.fault

    def connect(self, hub: str) -> HubSender:
        return connect(hub, self.settings, timeout_s=3.0)

    def stored(self, partition: int) -> list[bytes]:
        return [body for _, body in read_back(self.settings, HUB, partition, self.starts[partition])]


class SenderContract:
    """Every sender keeps these; subclasses say where it sends."""

    @pytest.fixture
    def sender(self, world) -> Iterator[HubSender]:
        found = world.connect(HUB)
        yield found
        found.close()

    def test_what_was_sent_is_stored_in_order_and_unchanged(self, world, sender):
        first, second = [b"%d" % n for n in range(700)], ["ä\x00{".encode(), b"", b"x" * 300]
        sender.send(1, first)
        sender.send(1, second)
        assert world.stored(1) == first + second
        assert world.stored(0) == []

    def test_the_partition_count_is_the_hubs(self, sender):
        assert sender.partition_count == 4

    def test_more_than_a_batch_takes_is_split_and_keeps_its_order(self, world, sender):
        bodies = [bytes([n]) * 300_000 for n in range(9)]
        sender.send(2, bodies)
        assert world.stored(2) == bodies

    def test_nothing_to_send_is_no_error(self, world, sender):
        sender.send(0, [])
        assert world.stored(0) == []

    def test_an_event_of_the_largest_size_goes_through_and_one_byte_more_stops(self, world, sender):
        largest = 1_048_576 - 64 - 16
        sender.send(3, [b"m" * largest])
        with pytest.raises(Stop, match="exceeds the hub's limit of 1048576"):
            sender.send(3, [b"m" * (largest + 1)])
        assert [len(b) for b in world.stored(3)] == [largest]

    def test_throttled_is_slow_down_by_four_seconds_and_stores_nothing(self, world, sender):
        world.fault("busy", 1)
        with pytest.raises(SlowDown) as caught:
            sender.send(0, [b"a"])
        assert caught.value.retry_after >= 4
        sender.send(0, [b"a"])
        assert world.stored(0) == [b"a"]

    @pytest.mark.parametrize("fault", ["drop", "detach", "hang"])
    def test_a_failure_before_storing_is_retry_and_the_same_batch_goes_through(self, world, sender, fault):
        sender.send(0, [b"before"])
        world.fault(fault, 1)
        with pytest.raises(Retry):
            sender.send(0, [b"a", b"b"])
        sender.send(0, [b"a", b"b"])
        assert world.stored(0) == [b"before", b"a", b"b"]

    def test_a_lost_acknowledgement_is_retry_since_the_outcome_is_unknown(self, world, sender):
        world.fault("lostack", 1)
        with pytest.raises(Retry):
            sender.send(0, [b"a", b"b"])
        assert world.stored(0) == [b"a", b"b"]

    def test_a_refused_token_stops_and_says_what_to_change(self, world, sender):
        world.fault("auth", 1)
        with pytest.raises(Stop, match="role"):
            sender.send(0, [b"a"])

    def test_an_unknown_hub_stops(self, world):
        with pytest.raises(Stop, match=r"nowhere.*bridge\.yaml"):
            world.connect("nowhere").send(0, [b"a"])
        with pytest.raises(Stop, match="nowhere"):
            _ = world.connect("nowhere").partition_count

    def test_a_partition_that_is_not_there_stops(self, sender):
        with pytest.raises(Stop, match="no partition 4"):
            sender.send(4, [b"a"])

    def test_partitions_are_sent_to_at_once(self, world, sender):
        bodies = {n: [b"%d-%d" % (n, k) for k in range(300)] for n in range(4)}
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: [sender.send(n, bodies[n][k : k + 50]) for k in range(0, 300, 50)], range(4)))
        assert {n: world.stored(n) for n in range(4)} == bodies

    def test_a_closed_sender_sends_no_more(self, world):
        closed = world.connect(HUB)
        closed.close()
        closed.close()
        with pytest.raises(Stop, match="closed"):
            closed.send(0, [b"a"])


class TestMemorySender(SenderContract):
    @pytest.fixture
    def world(self) -> MemoryWorld:
        return MemoryWorld()

    def test_an_outage_lasts_until_it_is_over(self, world, sender):
        world.hubs.down = True
        with pytest.raises(Retry, match="down"):
            sender.send(0, [b"a"])
        world.hubs.down = False
        sender.send(0, [b"a"])

    def test_it_says_that_it_is_a_fake(self, world):
        assert world.hubs.is_fake
        with pytest.raises(ValueError, match="no fault 'nope'"):
            world.fault("nope")


@pytest.mark.real
class TestEventHubSender(SenderContract):
    @pytest.fixture
    def world(self, hubs: LocalEventHubs) -> RealWorld:
        return RealWorld(hubs)

    def test_an_outage_is_retry_until_it_is_over(self, world, sender):
        sender.send(0, [b"before"])
        world.fault("outage", 1.5)
        for attempt in range(40):
            try:
                sender.send(0, [b"after"])
                break
            except Retry:
                assert attempt < 39
                time.sleep(0.1)
        assert world.stored(0)[0] == b"before"
        assert world.stored(0)[-1] == b"after"

    def test_a_slow_answer_is_waited_for(self, world, sender):
        sender.send(0, [b"a"])
        world.fault("slow", 700)
        try:
            sender.send(0, [b"b"])
        finally:
            world.fault("slow", 0)
        assert world.stored(0) == [b"a", b"b"]

    def test_the_fake_and_the_service_say_the_same_after_many_faults(self, world, sender):
        """Whatever fails, sending the same batch again until it is acknowledged loses nothing and keeps the order."""
        for fault in ("busy", "drop", "lostack", "detach", "busy"):
            world.fault(fault, 1)
        for n in range(20):
            while True:
                try:
                    sender.send(0, [b"%d" % n])
                    break
                except (Retry, SlowDown):
                    continue
        stored = world.stored(0)
        assert list(dict.fromkeys(stored)) == [b"%d" % n for n in range(20)]
        assert len(stored) == 21  # the lost acknowledgement doubled one
