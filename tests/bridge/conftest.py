"""The bridge between a real broker and the local Event Hubs, started once for this folder's tests."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from acme_lib.settings import Settings


class Plant:
    """Publishes numbered messages and reads back what the hubs hold."""

    def __init__(self, settings: Settings, hubs: Any, bridge: Any) -> None:
        self.settings, self.hubs, self.bridge = settings, hubs, bridge
        self.round = 0

    def publish(
        self, count: int, *, tags: int = 40, rate: float = 0.0, during: Callable[[int], None] = lambda n: None
    ) -> str:
        """Publishes and awaits every PUBACK; returns the epoch that names these messages. `during(n)` runs before each."""
        from acme_lib.plant.message import Expectation, Outgoing
        from acme_lib.plant.publisher import Publisher
        from acme_lib.uns import message_id

        self.round += 1
        epoch, expected = f"round-{self.round}", Expectation("valid")
        with Publisher("127.0.0.1", self.settings.broker.port, "plant-simulator", lambda *_: None) as publisher:
            for n in range(count):
                during(n)
                topic = f"acme/plant-a/press/line-1/cell-1/pump-{n % tags:03d}/vibration"
                body = {
                    "messageId": message_id("test", topic, epoch, n // tags), "tsUtc": "2026-11-24T23:00:00.000Z", "topic": topic,
                    "value": float(n), "quality": "GOOD", "units": "mm/s", "sourceSystem": "test", "lineageVersion": "1.0.0",
                    "schemaVersion": "1.0.0", "epoch": epoch, "seq": n // tags,
                }  # fmt: skip
                publisher.send(Outgoing(0, topic, json.dumps(body).encode(), expected))
                if rate:
                    publisher.wait(1 / rate)
            publisher.drain()
        return epoch

    def publish_raw(self, messages: list[tuple[str, bytes]]) -> None:
        from acme_lib.plant.message import Expectation, Outgoing
        from acme_lib.plant.publisher import Publisher

        with Publisher("127.0.0.1", self.settings.broker.port, "plant-simulator", lambda *_: None) as publisher:
            for topic, raw in messages:
                publisher.send(Outgoing(0, topic, raw, Expectation("malformed")))
            publisher.drain()

    def status(self) -> Any:
        from acme_lib.bridge import assemble

        return assemble.status(self.settings)

    def drained(self, epoch: str, count: int, within_s: float = 120.0) -> list[dict[str, Any]]:
        """The hub's bodies of one epoch, per partition in order, once as many distinct ones are there as were published."""
        until = time.monotonic() + within_s
        while True:
            found = [b for b in map(json.loads, self.read("telemetry")) if b.get("epoch") == epoch]
            if len({b["messageId"] for b in found}) >= count or time.monotonic() > until:
                return found
            time.sleep(0.5)

    def read(self, hub: str) -> list[bytes]:
        from acme_lib.bridge.letter_sources import from_hub

        return list(from_hub(hub, self.settings, 10_000_000))

    def settled(self, accepted: int = 0, within_s: float = 120.0) -> Any:
        """The status once at least so many are accepted and nothing is buffered."""
        until = time.monotonic() + within_s
        while True:
            found = self.status()
            done = found.accepted >= accepted and not found.buffered + found.dead_letters_buffered
            if done or time.monotonic() > until:
                return found
            time.sleep(0.2)

    def kill(self, half: str) -> None:
        """kill -9 of one of the bridge's processes; the bridge starts it again."""
        import psutil

        for child in psutil.Process(self.bridge.pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):  # the one before, killed a moment ago and not yet buried
                if child.cmdline()[-1:] == [half]:
                    os.kill(child.pid, signal.SIGKILL)


def inversions(bodies: list[dict[str, Any]]) -> int:
    """Messages that came for the first time after a later one of their topic."""
    last: dict[str, int] = {}
    seen: set[str] = set()
    found = 0
    for body in bodies:
        found += body["messageId"] not in seen and body["seq"] < last.get(body["topic"], -1)
        seen.add(body["messageId"])
        last[body["topic"]] = max(body["seq"], last.get(body["topic"], -1))
    return found


@pytest.fixture(scope="session")
def count_inversions() -> Callable[[list[dict[str, Any]]], int]:
    return inversions


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    from acme_lib.bridge import ready
    from acme_lib.broker import Broker
    from acme_lib.eventhubs.local import LocalEventHubs
    from acme_lib.processes import Process, free_port
    from acme_lib.run.stack import acme
    from acme_lib.settings import settings

    ports = ("BROKER__PORT", "EVENTHUBS__KAFKA_PORT", "EVENTHUBS__AMQP_PORT", "EVENTHUBS__CONTROL_PORT")
    home = tmp_path_factory.mktemp("bridge")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ACME_HOME", str(home))
        for name in ports:
            patch.setenv(f"ACME_{name}", str(free_port()))
        patch.setenv("ACME_BRIDGE__METRICS_PORT", str(free_port()))
        patch.setenv("ACME_BRIDGE__MIRROR", str(home / "second-volume"))
        settings.cache_clear()
        found = settings()
        hubs = LocalEventHubs(found).start()
        bridge = Process("bridge", acme("bridge", "run"), home / "logs" / "bridge.log", ready=lambda: ready(found))
        try:
            with Broker(found), bridge:
                yield Plant(found, hubs, bridge)
        finally:
            hubs.stop()
            settings.cache_clear()


@pytest.fixture
def moments(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(getattr(request, "param", 1))
