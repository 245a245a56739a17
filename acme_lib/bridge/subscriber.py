"""The bridge's MQTT session: persistent, QoS 1, acknowledged by hand, taken up again for ever."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, cast

import paho.mqtt.client as mqtt
import structlog
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from acme_lib.bridge.backoff import Backoff, delay
from acme_lib.bridge.stream import Batch, Stream
from acme_lib.errors import Stop
from acme_lib.identity import Certificate

__all__ = ["Account", "Batch", "Subscriber"]

log = structlog.get_logger("bridge.ingest")
KEEPALIVE_S = 30
SESSION_EXPIRY_S = 7 * 24 * 3600  # the broker holds our place through a week without us
RECEIVE_MAXIMUM = 2_000  # unacknowledged messages at most: what we hold in memory while the disk is full
CONNECT_WITHIN_S = 10.0


@dataclass(frozen=True)
class Account:
    """Where the broker is, and who we are there."""

    host: str
    port: int
    client_id: str
    user: str
    password: str | None = None
    certificate: Certificate | None = None

    def explain(self, error: Exception) -> str:
        if self.certificate is not None and isinstance(error, OSError):
            return self.certificate.explain(error)
        return str(error)


class _Client(mqtt.Client):
    """paho, reading and writing through our Stream, TLS included: paho would read a certificate only once."""

    stream: Stream | None = None
    certificate: Certificate | None = None

    def _create_socket(self) -> Any:
        raw = super()._create_socket()
        sock = cast(socket.socket, raw)
        # without it the broker's delayed acknowledgements hold delivery at about 1,000 messages a second
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.certificate is not None:
            sock = self.certificate.context().wrap_socket(sock, server_hostname=self.host)
        self.stream = Stream(sock)
        return self.stream


class Subscriber:
    """`poll` gives what came; a lost connection is taken up again there, with backoff, for ever.

    `announce` hears when the broker has taken our subscription, and when the connection is lost."""

    def __init__(
        self,
        account: Account,
        filters: Sequence[str],
        announce: Callable[[bool], None] = lambda connected: None,
        policy: Backoff | None = None,
    ) -> None:
        self._announce = announce
        self._account, self._filters = account, list(filters)
        self._policy, self._rand = policy or Backoff(most_s=15.0), Random()
        self._client = self._new_client()
        self._attempt, self._not_before, self._misc_at = 0, 0.0, 0.0
        self._connect_by: float | None = None
        self._refused: str | None = None
        self._new_session = False
        self.connected = False

    def _new_client(self) -> _Client:
        client = _Client(
            CallbackAPIVersion.VERSION2,
            self._account.client_id,
            protocol=mqtt.MQTTv5,
            manual_ack=True,
            reconnect_on_failure=False,
        )
        client.username_pw_set(self._account.user, self._account.password)
        client.certificate = self._account.certificate
        client.connect_timeout = CONNECT_WITHIN_S
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_subscribe = self._on_subscribe
        return client

    def poll(self, timeout_s: float, most: int) -> Batch | None:
        """What the broker sent within `timeout_s`, at most about `most` messages. Raises Stop where a filter is refused."""
        if self._refused:
            raise Stop(self._refused)
        stream = self._client.stream
        if stream is None or stream.ended:
            self._connect(timeout_s)
            return None
        wait_s = 0.0 if stream.pending else timeout_s
        readable, writable, _ = select.select([stream], [stream] if stream.wants_write else [], [], wait_s)
        if writable:
            stream.flush()
        publishes = stream.read(most) if readable or stream.pending else []
        while stream.has_control and self._client.loop_read() == mqtt.MQTT_ERR_SUCCESS:
            pass
        if self._client.want_write():
            self._client.loop_write()  # what paho queued inside a callback, such as SUBSCRIBE
        self._keep_alive()
        began, self._new_session = self._new_session, False
        return Batch(stream, publishes, began) if publishes or began else None

    def _connect(self, timeout_s: float) -> None:
        self._set(False)
        lost, now = self._client.stream, time.monotonic()
        if lost is not None and lost.error is not None:
            log.warning("connection lost", why=self._account.explain(lost.error))
            lost.error = None
        if now < self._not_before:
            time.sleep(min(timeout_s, self._not_before - now))
            return
        self._attempt += 1
        self._not_before = now + delay(self._policy, self._attempt, self._rand)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        try:
            self._client.connect(
                self._account.host, self._account.port, KEEPALIVE_S, clean_start=False, properties=properties
            )
            self._connect_by = now + CONNECT_WITHIN_S
        except (OSError, Stop) as e:
            where = {"host": self._account.host, "port": self._account.port}
            log.warning("broker unreachable", **where, error=self._account.explain(e))

    def _keep_alive(self) -> None:
        now = time.monotonic()
        if now - self._misc_at < 1.0:
            return
        self._misc_at = now
        self._client.loop_misc()
        if not self.connected and self._connect_by is not None and now > self._connect_by and self._client.stream:
            self._client.stream.ended = True  # a broker that takes the connection and never answers

    def _on_connect(self, client: mqtt.Client, _: Any, flags: mqtt.ConnectFlags, code: Any, __: Any) -> None:
        if code.is_failure:
            log.warning("broker refuses the bridge", reason=str(code), user=self._account.user)
            return
        self._attempt, self._connect_by = 0, None
        log.info("connected", session_present=flags.session_present)
        self._new_session = not flags.session_present
        # retained values only with a new subscription: after a reconnect they would be copies
        client.subscribe([(f, SubscribeOptions(qos=1, retainHandling=1)) for f in self._filters])

    def _on_disconnect(self, client: mqtt.Client, _: Any, __: Any, code: Any, ___: Any) -> None:
        self._set(False)
        log.warning("disconnected", reason=str(code))
        if self._client.stream:
            self._client.stream.ended = True

    def _on_subscribe(self, _: mqtt.Client, __: Any, ___: int, codes: list[Any], ____: Any) -> None:
        for wanted, code in zip(self._filters, codes, strict=False):
            if code.is_failure:
                self._refused = f"broker refuses the subscription {wanted!r} ({code}); grant it to the bridge's role in contracts/roles.yaml"
                return
        self._set(True)

    def _set(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            self._announce(connected)

    def close(self) -> None:
        """Ends the connection; the session and what it holds stay with the broker."""
        self._client.disconnect()
        if self._client.stream:
            self._client.stream.close()
