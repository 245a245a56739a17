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
WINDOW = 100  # predictions under way at once, where the broker does not ask for fewer


def account(settings: Settings) -> Account:
    """Who the edge is at the broker: a certificate where the environment has them, else a user name, which on loopback
    is enough and elsewhere needs the secret `mqtt-<edge id>`.
    """
    broker, name = settings.broker, settings.edge.id
    certificate = mqtt_certificate(name, settings)
    plain = certificate is None and broker.host not in LOOPBACK
    return Account(broker.host, broker.port, name, name, secret(f"mqtt-{name}") if plain else None, certificate)


class Line(Subscriber):
    """`send` hands over as many as there is `room` for, `acknowledged` tells what the broker has.

    The outbox is the only queue: each connection begins at its oldest row, so that after a loss what was under way goes
    again first. paho must hold none back: at a reconnect it sends all it holds at once, and past the Receive Maximum a
    broker ends the connection, each time anew.
    """

    def __init__(self, who: Account, filters: Sequence[str], announce: Callable[[bool], None]) -> None:
        super().__init__(who, filters, announce)
        self._client.max_inflight_messages_set(WINDOW)
        self._client.on_publish = self._on_publish
        self._window = WINDOW
        self._under_way: dict[int, tuple[int, str]] = {}
        self._done: list[int] = []
        self.last = 0  # newest outbox number handed over on this connection

    @property
    def room(self) -> int:
        """How many more may be handed over now."""
        return max(0, self._window - self.waiting) if self.connected else 0

    def send(self, number: int, topic: str, body: bytes) -> bool:
        """`number`: of the outbox, in whose order rows come. Never waits; False where paho does not take it, which is
        then the next again."""
        handed = self._client.publish(topic, body, qos=1)
        if handed.rc != mqtt.MQTT_ERR_SUCCESS:
            return False
        self._under_way[handed.mid], self.last = (number, topic), number
        return True

    @property
    def waiting(self) -> int:
        """How many are handed over and not acknowledged yet."""
        return len(self._under_way)

    def acknowledged(self) -> list[int]:
        """Outbox numbers since the last call."""
        done, self._done = self._done, []
        return done

    def _on_connect(self, client: mqtt.Client, data: Any, flags: mqtt.ConnectFlags, code: Any, facts: Any) -> None:
        client.drop_out_messages()  # paho would send them after this, and the outbox hands them over again
        self._under_way, self.last = {}, 0
        self._window = min(WINDOW, getattr(facts, "ReceiveMaximum", WINDOW))  # paho does not read it
        super()._on_connect(client, data, flags, code, facts)

    def _on_publish(self, _: mqtt.Client, __: Any, mid: int, code: Any, ___: Any) -> None:
        number, topic = self._under_way.pop(mid, (0, ""))
        if code.is_failure:
            self._refused = f"broker refuses {topic} ({code}); grant it to the edge's role in contracts/roles.yaml"
        elif number and not self._refused:  # what follows a refused one goes again behind it
            self._done.append(number)
