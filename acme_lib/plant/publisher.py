"""Publishes to the plant's broker: MQTT v5, QoS 1, in order, done only when the broker has acknowledged everything.

One connection and one thread: order per topic holds by construction, across reconnects too, since all that is
unacknowledged is sent again, oldest first, before anything new. docs/ingestion/plant.md says why not paho here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from acme_lib.errors import Stop
from acme_lib.plant import refusals, wire
from acme_lib.plant.connection import Connection
from acme_lib.plant.message import Outgoing
from acme_lib.plant.proof import Proof

__all__ = ["Publisher"]

WINDOW = 2_000  # unacknowledged messages at most; the broker's Receive Maximum lowers it
BURST = 64  # messages handed over before the socket is looked at again
KEEPALIVE_S = 30
CONNECT_WITHIN_S = 10.0
Acknowledged = Callable[[int, Outgoing, int], None]


class Publisher:
    """A connection to `host:port` as `identity`, shown by `proof`. `acknowledged(n, message, sent_ms)` is called once per PUBACK.

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
        proof: Proof | None = None,
        window: int = WINDOW,
        patience_s: float = 60.0,
    ) -> None:
        self.host, self.port, self.identity, self.reconnects = host, port, identity, 0
        self._acknowledged, self._proof, self._patience_s = acknowledged, proof or Proof(), patience_s
        self._n, self._most, self._window = first_n, window, window
        self._waiting: dict[int, tuple[int, Outgoing, int]] = {}  # by packet id, oldest first
        self._packet_id, self._since_pump = 0, 0
        self._connection: Connection | None = None

    def send(self, message: Outgoing) -> None:
        """Hands one message over; waits while the window is full or the broker is away."""
        while self._connection is None or len(self._waiting) >= self._window:
            self._pump(0.05)
        self._packet_id = self._packet_id % 65_535 + 1
        while self._packet_id in self._waiting:
            self._packet_id = self._packet_id % 65_535 + 1
        self._waiting[self._packet_id] = (self._n, message, time.time_ns() // 1_000_000)
        self._n += 1
        self._connection.put(wire.publish(message.topic.encode(), message.payload, self._packet_id))
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
        while self._waiting:
            self._pump(0.05)

    def close(self) -> None:
        if self._connection:
            self._connection.put(wire.GOODBYE)
            with suppress(OSError):
                self._connection.write()
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _pump(self, timeout_s: float) -> None:
        """Moves bytes both ways once; connects where there is no connection."""
        self._since_pump = 0
        if self._connection is None:
            self._connect()
            return
        try:
            for kind, body in self._connection.exchange(timeout_s):
                self._take(kind, body)
            self._connection.keep_alive(KEEPALIVE_S, time.monotonic())
        except OSError:
            self._connection.close()
            self._connection = None

    def _take(self, kind: int, body: bytes) -> None:
        if kind == wire.PUBACK:
            found = self._waiting.pop(int.from_bytes(body[:2]), None)
            if found is None:  # acknowledged twice
                return
            n, message, sent_ms = found
            if len(body) > 2 and body[2] >= 0x80:
                raise Stop(refusals.of_publish(self.identity, message.topic, body[2]))
            self._acknowledged(n, message, sent_ms)
        elif kind == wire.DISCONNECT:
            code = body[0] if body else 0
            if code in refusals.FINAL:
                raise Stop(refusals.of_connection(f"{self.host}:{self.port}", self.identity, code))
            raise ConnectionResetError(f"broker closed the connection (0x{code:02x})")

    def _connect(self) -> None:
        """A connection that the broker has welcomed, with everything unacknowledged on its way again."""
        deadline, pause = time.monotonic() + self._patience_s, 0.1
        while True:
            try:
                self._connection = self._welcome(Connection(self.host, self.port, self._proof.certificate))
                break
            except OSError as e:
                if why := self._proof.refused(e):
                    raise Stop(why) from e
                if time.monotonic() + pause > deadline:
                    raise Stop(refusals.absent(f"{self.host}:{self.port}", e)) from e
                time.sleep(pause)
                pause = min(pause * 2, 2.0)
        self.reconnects += bool(self._waiting) or self._n > 0
        for packet_id, (_, message, _) in self._waiting.items():
            self._connection.put(wire.publish(message.topic.encode(), message.payload, packet_id, again=True))

    def _welcome(self, connection: Connection) -> Connection:
        client_id = f"{self.identity}-{time.time_ns():x}"
        connection.put(wire.connect(client_id, self.identity, self._proof.password, KEEPALIVE_S))
        until = time.monotonic() + CONNECT_WITHIN_S
        while time.monotonic() < until:
            for kind, body in connection.exchange(0.05):
                if kind != wire.CONNACK:
                    continue
                answer = wire.connack(body)
                if answer.code:
                    raise Stop(refusals.of_connection(f"{self.host}:{self.port}", self.identity, answer.code))
                self._window = min(self._most, answer.receive_maximum)
                return connection
        raise TimeoutError(f"no CONNACK within {CONNECT_WITHIN_S:.0f} s")
