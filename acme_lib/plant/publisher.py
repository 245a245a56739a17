"""Publishes to the plant's broker: MQTT v5, QoS 1, in order, done only when the broker has acknowledged everything.

One connection and one thread: order per topic holds by construction, across reconnects too. paho keeps what is
unacknowledged and sends it again, oldest first, when the connection is back.
"""

from __future__ import annotations

import select
import socket
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from acme_lib.errors import Stop
from acme_lib.plant.message import Outgoing

__all__ = ["Publisher"]

WINDOW = 4_000  # unacknowledged messages at most; the broker's Receive Maximum lowers it
BURST = 64  # messages handed over before the socket is looked at again
NOT_AUTHORIZED = 0x87
QUOTA_EXCEEDED = 0x97
Acknowledged = Callable[[int, Outgoing, int], None]


class Publisher:
    """A connection to `host:port` as user `identity`. `acknowledged(n, message, sent_ms)` is called once per PUBACK.

    Raises Stop where the broker refuses the identity or a topic, or stays away for `patience_s`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        identity: str,
        acknowledged: Acknowledged,
        *,
        first_n: int = 0,
        password: str | None = None,
        window: int = WINDOW,
        patience_s: float = 60.0,
    ) -> None:
        self.host, self.port, self.identity = host, port, identity
        self.acknowledged, self.patience_s = acknowledged, patience_s
        self.reconnects = 0
        self._n, self._wanted_window, self._window = first_n, window, window
        self._unacknowledged: OrderedDict[int, tuple[int, Outgoing, int]] = OrderedDict()
        self._since_pump = 0
        self._connected, self._fault = False, ""
        self._client = self._make_client(password)

    def _make_client(self, password: str | None) -> Client:
        client = Client(CallbackAPIVersion.VERSION2, f"{self.identity}-{time.time_ns():x}", protocol=MQTTv5)
        client.username_pw_set(self.identity, password)
        client.max_inflight_messages_set(0)  # the window is ours; paho's own costs a scan of it per PUBACK
        client.on_socket_open = _no_delay
        client.on_socket_register_write = lambda *_: None  # we look at the socket ourselves, once per burst
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_publish = self._on_publish
        return client

    def send(self, message: Outgoing) -> None:
        """Hands one message over; waits while the window is full or the broker is away."""
        while not self._connected or len(self._unacknowledged) >= self._window:
            self._pump(0.05)
        info = self._client.publish(message.topic, message.payload, qos=1)
        self._unacknowledged[info.mid] = (self._n, message, time.time_ns() // 1_000_000)
        self._n += 1
        self._since_pump += 1
        if self._since_pump >= BURST:
            self._pump(0)

    def wait(self, seconds: float) -> None:
        """Keeps the connection alive for a while; acknowledgements arrive meanwhile."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self._pump(min(left, 0.05))

    def drain(self) -> None:
        """Returns when everything sent is acknowledged."""
        while self._unacknowledged:
            self._pump(0.05)

    def close(self) -> None:
        if self._client.socket() is not None:
            self._client.disconnect()
            self._client.loop_write()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pump(self, timeout_s: float) -> None:
        """Moves bytes both ways once; connects where there is no connection."""
        self._since_pump = 0
        sock = self._client.socket()
        if sock is None:
            self._reconnect()
            return
        writing = [sock] if self._client.want_write() else []
        readable, writable, _ = select.select([sock], writing, [], timeout_s)
        if writable:
            self._client.loop_write()
        if readable and self._client.socket() is not None:
            self._client.loop_read()
        self._client.loop_misc()
        if self._fault:
            raise Stop(self._fault)

    def _reconnect(self) -> None:
        deadline, pause = time.monotonic() + self.patience_s, 0.1
        while True:
            try:
                self._client.connect(self.host, self.port, keepalive=30)
                break
            except OSError as e:
                if time.monotonic() + pause > deadline:
                    raise Stop(
                        f"broker {self.host}:{self.port} does not answer ({e}); start it (acme broker start) "
                        "or set broker.host and broker.port"
                    ) from e
                time.sleep(pause)
                pause = min(pause * 2, 2.0)
        until = time.monotonic() + 10
        while not self._connected and self._client.socket() is not None and time.monotonic() < until:
            self._pump(0.05)

    def _on_connect(self, _c: Client, _u: Any, _flags: Any, code: ReasonCode, properties: Properties | None) -> None:
        if code.is_failure:
            self._fault = (
                f"broker {self.host}:{self.port} refuses identity {self.identity!r} ({code}); "
                "name it with a publisher's role in contracts/roles.yaml, or pass --identity"
            )
            return
        limit = getattr(properties, "ReceiveMaximum", 65_535) if properties else 65_535
        self._window = min(self._wanted_window, limit)
        self.reconnects += self._connected is False and self._n > 0
        self._connected = True

    def _on_disconnect(self, *_: Any) -> None:
        self._connected = False

    def _on_publish(self, _c: Client, _u: Any, mid: int, code: ReasonCode, _p: Properties) -> None:
        n, message, sent_ms = self._unacknowledged.pop(mid)
        if code.value >= 0x80:
            self._fault = self._fault or _refusal(self.identity, message.topic, code)
            return
        self.acknowledged(n, message, sent_ms)


def _refusal(identity: str, topic: str, code: ReasonCode) -> str:
    if code.value == NOT_AUTHORIZED:
        return (
            f"broker denied {identity!r} publishing on {topic} (0x87 not authorized); "
            "grant it in contracts/roles.yaml and run acme render, or publish as another identity"
        )
    if code.value == QUOTA_EXCEEDED:
        return f"broker's queue is full at {topic} (0x97 quota exceeded); start the bridge, or raise the broker's queue"
    return f"broker refused a message on {topic} (0x{code.value:02x} {code}); see the broker's log"


def _no_delay(_c: Client, _u: Any, sock: Any) -> None:
    """Without this the broker's delayed acknowledgements hold the stream at about 1,000 messages a second."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
