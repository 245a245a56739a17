"""The edge's one connection to the broker: the bridge's durable subscription, and on it our own predictions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as mqtt

from acme_lib.bridge.subscriber import Account, Subscriber
from acme_lib.identity import mqtt_certificate
from acme_lib.runtime import secret
from acme_lib.settings import Settings

__all__ = ["Line", "account"]

LOOPBACK = ("127.0.0.1", "localhost", "::1")
WINDOW = (
    100  # predictions under way at once, below the Receive Maximum of infra/hivemq; paho does not read the broker's own
)


def account(settings: Settings) -> Account:
    """Who the edge is at the broker: a certificate where the environment has them, else a user name, which on loopback
    is enough and elsewhere needs the secret `mqtt-<edge id>`.
    """
    broker, name = settings.broker, settings.edge.id
    certificate = mqtt_certificate(name, settings)
    plain = certificate is None and broker.host not in LOOPBACK
    return Account(broker.host, broker.port, name, name, secret(f"mqtt-{name}") if plain else None, certificate)


class Line(Subscriber):
    """`send` hands over, `acknowledged` tells what the broker has; a lost connection sends again what it has not."""

    def __init__(self, who: Account, filters: Sequence[str], announce: Callable[[bool], None]) -> None:
        super().__init__(who, filters, announce)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.on_publish = self._on_publish
        self._under_way: dict[int, tuple[int, str]] = {}
        self._done: list[int] = []

    def send(self, number: int, topic: str, body: bytes) -> None:
        """`number`: of the outbox. Never waits; paho keeps order and repeats after a reconnect."""
        self._under_way[self._client.publish(topic, body, qos=1).mid] = (number, topic)

    @property
    def waiting(self) -> int:
        """How many are not acknowledged yet."""
        return len(self._under_way)

    def acknowledged(self) -> list[int]:
        """Outbox numbers since the last call."""
        done, self._done = self._done, []
        return done

    def _on_publish(self, _: mqtt.Client, __: Any, mid: int, code: Any, ___: Any) -> None:
        number, topic = self._under_way.pop(mid, (0, ""))
        if code.is_failure:
            self._refused = f"broker refuses {topic} ({code}); grant it to the edge's role in contracts/roles.yaml"
        elif number:
            self._done.append(number)
