"""One broker a module, and MQTT v5 clients that remember what the broker answered."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from acme_lib.broker import Broker
from acme_lib.processes import free_port
from acme_lib.settings import Settings, load, settings

TEMPERATURE = "acme/dallas/drying/line-1/cell-a/dryer-01/temperature"
DENIED = "Not authorized"


class Client:
    """A client that connects at once and keeps every answer: reasons as text, messages as (topic, payload)."""

    def __init__(self, broker: Broker, identity: str | None, *, expiry_s: int = 0, clean: bool = True, window: int = 500,
                 name: str = "", ack: bool = True, pem: Path | None = None) -> None:  # fmt: skip
        self.connack: list[str] = []
        self.session_present: list[bool] = []
        self.subacks: list[str] = []
        self.pubacks: dict[int, str] = {}
        self.received: list[tuple[str, bytes]] = []
        self.mqtt = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=name or f"test-{identity}", protocol=mqtt.MQTTv5, manual_ack=not ack
        )
        if identity is not None:
            self.mqtt.username_pw_set(identity)
        if pem:
            self.mqtt.tls_set(str(pem.parent / "ca.pem"), str(pem))
        self.mqtt.on_connect = self._connected
        self.mqtt.on_subscribe = lambda *a: self.subacks.extend(str(r) for r in a[3])
        self.mqtt.on_publish = lambda *a: self.pubacks.__setitem__(a[2], str(a[3]))
        self.mqtt.on_message = lambda *a: self.received.append((a[2].topic, a[2].payload))
        self.mqtt.max_inflight_messages_set(200)
        facts = Properties(PacketTypes.CONNECT)
        facts.SessionExpiryInterval, facts.ReceiveMaximum = expiry_s, window
        self.mqtt.connect("127.0.0.1", broker.settings.broker.port, clean_start=clean, properties=facts)
        self.mqtt.loop_start()
        self.until(lambda: self.connack, "a CONNACK")

    def _connected(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        self.connack.append(str(reason))
        self.session_present.append(flags.session_present)

    def subscribe(self, topic: str) -> str:
        known = len(self.subacks)
        self.mqtt.subscribe(topic, 1)
        self.until(lambda: len(self.subacks) > known, "a SUBACK")
        return self.subacks[-1]

    def publish(self, topic: str, payload: bytes = b"1") -> str:
        mid = self.mqtt.publish(topic, payload, 1).mid
        self.until(lambda: mid in self.pubacks, "a PUBACK")
        return self.pubacks[mid]

    def until(self, true: Callable[[], Any], what: str, within_s: float = 15.0) -> None:
        deadline = time.monotonic() + within_s
        while not true():
            assert time.monotonic() < deadline, f"{what} did not come within {within_s} s"
            time.sleep(0.01)

    def close(self) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


Connect = Callable[..., Client]


def publish_refused(connect: Connect, identity: str, topic: str) -> bool:
    """Whether the broker refuses the publish (0x87, then it may close the connection) and nobody receives it."""
    watcher, client = connect("operator", name="watcher"), connect(identity)
    watcher.subscribe("acme/#")
    mid = client.mqtt.publish(topic, b"forged", 1).mid
    client.until(lambda: mid in client.pubacks or len(client.connack) > 1, "an answer")
    refused = client.pubacks.get(mid, DENIED) == DENIED
    return refused and (topic, b"forged") not in watcher.received


def subscribe_refused(connect: Connect, identity: str, topic: str) -> bool:
    """Whether the broker grants nothing for the filter."""
    client = connect(identity)
    client.mqtt.subscribe(topic, 1)
    client.until(lambda: client.subacks or len(client.connack) > 1, "an answer")
    return "Granted QoS 1" not in client.subacks


def broker_settings(home: Path, **over: Any) -> Settings:
    return load(home=home, broker={"port": free_port(), "heap": "256m", **over})


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    settings.cache_clear()
    with Broker(broker_settings(tmp_path_factory.mktemp("broker"))) as running:
        yield running


@pytest.fixture
def connect(broker: Broker) -> Iterator[Callable[..., Client]]:
    """connect(identity, **options) -> Client, closed after the test."""
    made: list[Client] = []

    def _connect(identity: str | None, **options: Any) -> Client:
        made.append(Client(options.pop("to", broker), identity, **options))
        return made[-1]

    yield _connect
    for client in made:
        client.close()
