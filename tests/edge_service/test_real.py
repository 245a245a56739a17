"""The live path on HiveMQ CE: engines replayed, the service killed in the middle, every prediction there once by id."""

from __future__ import annotations

import json
import os
import random
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from acme_lib.broker import Broker
from acme_lib.features import Frames, compute
from acme_lib.plant.message import Expectation, Outgoing
from acme_lib.plant.publisher import Publisher
from acme_lib.processes import Process, free_port
from acme_lib.settings import settings
from acme_lib.uns import message_id

pytestmark = [pytest.mark.real, pytest.mark.timeout(280)]
HOUR_US = 3_600_000_000
ENGINES, CYCLES = 4, 60


class Watcher:
    """Keeps every prediction the broker delivers: message id -> its bodies."""

    def __init__(self, port: int) -> None:
        self.bodies: dict[str, list[bytes]] = {}
        self.order: dict[str, list[int]] = {}
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, "watcher", protocol=mqtt.MQTTv5)
        self.client.username_pw_set("operator")
        self.client.on_message = self._keep
        ready: list[bool] = []
        self.client.on_subscribe = lambda *_: ready.append(True)
        facts = Properties(PacketTypes.CONNECT)
        facts.ReceiveMaximum = 2_000
        self.client.connect("127.0.0.1", port, properties=facts)
        self.client.loop_start()
        self.client.subscribe([(f"acme/+/+/+/+/+/rul_prediction{s}", 1) for s in ("", "_low", "_high")])
        until(lambda: bool(ready), 10)

    def _keep(self, _: Any, __: Any, message: Any) -> None:
        body = json.loads(message.payload)
        if body["messageId"] not in self.bodies:
            self.order.setdefault(message.topic, []).append(body["seq"])
        self.bodies.setdefault(body["messageId"], []).append(message.payload)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


def until(wanted: Any, within_s: float) -> None:
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.fixture
def histories(shop: Any) -> list[Frames]:
    rng = np.random.default_rng(5)
    times = np.arange(480_000, 480_000 + CYCLES) * HOUR_US
    scale = np.where([t.startswith("setting") for t in shop.spec.frame.tags], 0.1, 1.0)  # within the catalogue's range
    return [
        Frames(
            f"testbed/turbofan/fd001/test/engine-{n + 1:03d}", times, rng.normal(500, 10, (CYCLES, len(scale))) * scale
        )
        for n in range(ENGINES)
    ]


def told(histories: list[Frames], tags: list[str]) -> Iterator[Outgoing]:
    """Cycle by cycle, engine by engine, as a replay publishes."""
    for cycle in range(CYCLES):
        for history in histories:
            ts = str(np.datetime64(int(history.times[cycle]), "us")) + "Z"
            for tag, value in zip(tags, history.values[cycle].tolist(), strict=True):
                topic = f"acme/{history.equipment_id}/{tag}"
                body = {
                    "messageId": message_id("t", topic, "e", cycle), "tsUtc": ts, "topic": topic, "value": value, "quality": "GOOD",
                    "units": "", "sourceSystem": "t", "lineageVersion": "1.0.0", "schemaVersion": "1.0.0", "epoch": "e",
                    "seq": cycle, "replayed": True,
                }  # fmt: skip
                yield Outgoing(0, topic, json.dumps(body).encode(), Expectation("valid"))


@pytest.fixture
def plant(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The broker's port."""
    monkeypatch.setenv("ACME_BROKER__PORT", str(free_port()))
    settings.cache_clear()
    with Broker(settings()):
        yield settings().broker.port


def service(shop: Any, tmp_path: Path) -> Process:
    port = free_port()
    env = {
        "ACME_EDGE__BUNDLES": str(shop.bundles), "ACME_EDGE__TRUST": str(shop.trust), "ACME_EDGE__PORT": str(port),
        "ACME_EDGE__STATE": str(tmp_path / "edge"), **os.environ,
    }  # fmt: skip

    def subscribed() -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2) as answer:
                return {d["name"]: d["state"] for d in json.load(answer)["dependencies"]}["broker"] == "ok"
        except OSError:
            return False

    return Process(
        "edge", [sys.executable, "-m", "edge_service", "serve"], tmp_path / "edge.log", env=env, ready=subscribed
    )


@pytest.mark.parametrize("seed", [1])
def test_killed_in_the_middle_of_a_replay_every_prediction_is_there_and_is_the_batchs(
    shop: Any, plant: int, tmp_path: Path, histories: list[Frames], seed: int
) -> None:
    shop.make(3)
    messages = list(told(histories, shop.spec.frame.tags))
    kills = set(random.Random(seed).sample(range(len(messages) // 5, len(messages) * 4 // 5), 2))
    watcher = Watcher(plant)
    edge = service(shop, tmp_path).start()
    try:
        with Publisher("127.0.0.1", plant, "plant-simulator", lambda *_: None) as publisher:
            for n, message in enumerate(messages):
                if n in kills:
                    edge.kill()  # kill -9; the replay goes on while nobody listens
                    edge.start()
                publisher.send(message)
                if n % 20 == 0:
                    publisher.wait(0.01)
            publisher.drain()
        until(lambda: len(watcher.bodies) >= ENGINES * CYCLES * 3, 60)
        time.sleep(1)
    finally:
        edge.stop()
        watcher.close()
    assert edge.exit_code == 0
    assert len(watcher.bodies) == ENGINES * CYCLES * 3
    assert all(len(set(copies)) == 1 for copies in watcher.bodies.values()), "one id, one body"
    assert all(seqs == sorted(seqs) for seqs in watcher.order.values())
    found = [json.loads(copies[0]) for copies in watcher.bodies.values()]
    for history in histories:
        wanted = shop.values(compute(shop.fitted, history))
        for suffix, column in (("", wanted.value), ("_low", wanted.low), ("_high", wanted.high)):
            topic = f"acme/{history.equipment_id}/rul_prediction{suffix}"
            mine = sorted((b["seq"], b["value"]) for b in found if b["topic"] == topic)
            np.testing.assert_allclose([value for _, value in mine], column, rtol=1e-4, atol=0.01)
