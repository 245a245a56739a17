"""One client connection of the door: protocol headers, SASL, open, sessions; links and requests live beside it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import structlog

from acme_lib.eventhubs.local.amqp.frames import (
    HEADER_AMQP,
    HEADER_SASL,
    Performative,
    decode_frame,
    encode_frame,
    error,
    split,
)
from acme_lib.eventhubs.local.amqp.types import Malformed, Symbol, array
from acme_lib.eventhubs.local.attach import attach
from acme_lib.eventhubs.local.gate import Grant
from acme_lib.eventhubs.local.hub import Namespace
from acme_lib.eventhubs.local.links import Link

__all__ = ["Connection"]

MAX_FRAME = 1 << 20
WINDOW = 1 << 20  # frames; far more than the link credit lets a client have under way
IDLE_MS = 240_000
MECHANISMS = ("MSSBCBS", "ANONYMOUS", "EXTERNAL")  # all prove nothing by themselves: the token follows on $cbs


class Session:
    """Counts transfer frames both ways, as flow frames must tell."""

    def __init__(self, next_incoming: int) -> None:
        self.next_incoming, self.next_outgoing = next_incoming, 1


class Connection(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.buffer = bytearray()
        self.sessions: dict[int, Session] = {}
        self.links: dict[tuple[int, int], Link] = {}
        self.grants: dict[str, Grant] = {}
        self.tasks: set[asyncio.Task[None]] = set()
        self.max_frame = 65536
        self._beat: asyncio.TimerHandle | None = None

    # ---- transport
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast(asyncio.Transport, transport)  # uvloop has its own classes
        self.transport = transport
        self.namespace.connections.add(self)
        self.namespace.counts["connections"] += 1

    def connection_lost(self, exc: Exception | None) -> None:
        self.namespace.connections.discard(self)
        self.links.clear()
        if self._beat:
            self._beat.cancel()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        try:
            for channel, body in split(self.buffer, MAX_FRAME):
                self._unit(channel, body)
                if self.transport.is_closing():
                    return
        except (Malformed, ValueError, KeyError, TypeError, AttributeError) as e:
            structlog.get_logger().warning("connection closed: not understood", reason=str(e))
            self.close("amqp:decode-error", str(e))

    def _unit(self, channel: int, body: bytes) -> None:
        if channel == -1:
            self._header(body)
        elif body:  # an empty frame only says that the client lives
            frame = decode_frame(body)
            getattr(self, f"on_{frame.kind}")(channel, frame)

    def send(self, channel: int, kind: str, payload: bytes = b"", **fields: Any) -> None:
        if not self.transport.is_closing():
            self.transport.write(encode_frame(channel, kind, payload, **fields))

    def close(self, condition: str, text: str) -> None:
        self.send(0, "close", error=error(condition, text[:500]))
        self.transport.close()

    # ---- opening
    def _header(self, header: bytes) -> None:
        if header not in (HEADER_AMQP, HEADER_SASL):
            self.transport.write(HEADER_SASL)
            self.transport.close()
            return
        self.transport.write(header)
        if header == HEADER_SASL:
            self.send(0, "sasl_mechanisms", mechanisms=array(0xB3, MECHANISMS))

    def on_sasl_init(self, _: int, frame: Performative) -> None:
        known = frame.mechanism in MECHANISMS
        self.send(0, "sasl_outcome", code=0 if known else 1)
        if not known:
            self.transport.close()

    def on_open(self, _: int, frame: Performative) -> None:
        self.max_frame = min(frame.max_frame_size or MAX_FRAME, MAX_FRAME)
        product = {Symbol("product"): "acme-eventhubs-local"}
        self.send(
            0,
            "open",
            container_id="acme",
            max_frame_size=MAX_FRAME,
            channel_max=4095,
            idle_time_out=IDLE_MS,
            properties=product,
        )
        if frame.idle_time_out:
            self._keep_alive(frame.idle_time_out / 2000)

    def _keep_alive(self, every_s: float) -> None:
        self.transport.write(b"\x00\x00\x00\x08\x02\x00\x00\x00")
        self._beat = asyncio.get_running_loop().call_later(every_s, self._keep_alive, every_s)

    def on_begin(self, channel: int, frame: Performative) -> None:
        self.sessions[channel] = Session(frame.next_outgoing_id or 0)
        windows: dict[str, Any] = {"incoming_window": WINDOW, "outgoing_window": WINDOW, "handle_max": 255}
        self.send(channel, "begin", remote_channel=channel, next_outgoing_id=1, **windows)

    # ---- links
    def on_attach(self, channel: int, frame: Performative) -> None:
        link = attach(self, channel, frame)
        if link:
            self.links[channel, frame.handle] = link

    def on_flow(self, channel: int, frame: Performative) -> None:
        link = self.links.get((channel, frame.handle)) if frame.handle is not None else None
        if link:
            link.on_flow(frame)
        elif frame.echo:
            self.flow(channel)

    def flow(self, channel: int, **link: Any) -> None:
        session = self.sessions[channel]
        windows: dict[str, Any] = {"incoming_window": WINDOW, "outgoing_window": WINDOW}
        self.send(
            channel,
            "flow",
            next_incoming_id=session.next_incoming,
            next_outgoing_id=session.next_outgoing,
            **windows,
            **link,
        )

    def on_transfer(self, channel: int, frame: Performative) -> None:
        session = self.sessions[channel]
        session.next_incoming = (session.next_incoming + 1) & 0xFFFFFFFF
        link = self.links.get((channel, frame.handle))
        if link:
            link.on_transfer(frame)

    def on_disposition(self, channel: int, frame: Performative) -> None:
        """Clients settle our responses; nothing hangs on it."""

    def on_detach(self, channel: int, frame: Performative) -> None:
        link = self.links.pop((channel, frame.handle), None)
        if link and not link.detached:
            self.send(channel, "detach", handle=frame.handle, closed=frame.closed)

    def on_end(self, channel: int, _: Performative) -> None:
        self.sessions.pop(channel, None)
        self.links = {place: link for place, link in self.links.items() if place[0] != channel}
        self.send(channel, "end")

    def on_close(self, _: int, frame: Performative) -> None:
        self.send(0, "close")
        self.transport.close()
