"""The MQTT connection's bytes: PUBLISH packets are taken in bulk here, all other packets are paho's."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["MOST_BYTES", "Batch", "Publish", "Stream"]

_READ = 1 << 18
MOST_BYTES = 8 << 20  # of one drain; HiveMQ lets packets of that size through, thousands of them
_PUBLISH = 0x30


class Publish(NamedTuple):
    """One message as the broker sent it. `packet_id` is 0 at QoS 0, which wants no PUBACK."""

    topic: str
    payload: bytes
    packet_id: int


class Stream:
    """What paho takes for its socket. Reading a packet there costs four system calls; here one serves hundreds.

    `read` returns messages and sets other packets aside for paho's `recv`; `send` never splits a packet of paho's,
    so that `ack` may write between them.
    """

    def __init__(self, sock: socket.socket | ssl.SSLSocket) -> None:
        self._sock = sock
        self._in = b""
        self._control = bytearray()
        self._out = bytearray()
        self.ended = False
        self.error: OSError | None = None  # what ended it, if anything but the other side's goodbye

    # ---- as paho sees it
    def recv(self, size: int) -> bytes:
        if self._control:
            taken = bytes(self._control[:size])
            del self._control[:size]
            return taken
        if self.ended:
            return b""
        raise BlockingIOError

    def send(self, data: bytes) -> int:
        self._out += data
        self.flush()
        return len(data)

    def close(self) -> None:
        self.ended = True
        self._sock.close()

    def fileno(self) -> int:
        return self._sock.fileno()

    def setblocking(self, flag: bool) -> None:
        self._sock.setblocking(flag)

    # ---- as the bridge sees it
    @property
    def has_control(self) -> bool:
        return bool(self._control) or self.ended

    @property
    def wants_write(self) -> bool:
        return bool(self._out)

    @property
    def pending(self) -> bool:
        """Bytes that TLS has taken off the socket already: select does not see them."""
        return isinstance(self._sock, ssl.SSLSocket) and not self.ended and self._sock.pending() > 0

    def read(self, most: int, most_bytes: int = MOST_BYTES) -> list[Publish]:
        """Messages until the socket has no more for now, or about `most` or `most_bytes` are there.

        A larger message is whole after several calls.
        """
        found: list[Publish] = []
        size = 0
        while len(found) < most and size < most_bytes:
            try:
                data = self._sock.recv(_READ)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError as e:
                data, self.error = b"", e
            if not data:
                self.ended = True
                break
            size += len(data)
            self._in = self._split(self._in + data if self._in else data, found)
        return found

    def ack(self, packet_ids: list[int]) -> None:
        """PUBACKs in the order given, in one write."""
        self._out += b"".join([b"\x40\x02" + n.to_bytes(2) for n in packet_ids])
        self.flush()

    def flush(self) -> None:
        try:
            while self._out:
                del self._out[: self._sock.send(self._out)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return
        except OSError as e:
            self.ended, self.error = True, self.error or e

    def _split(self, data: bytes, found: list[Publish]) -> bytes:
        """Takes whole packets off `data`; returns what is left."""
        at, end = 0, len(data)
        while end - at >= 2:
            size, start, shift = data[at + 1], at + 2, 7
            if size & 0x80:
                size &= 0x7F
                while start < end and shift <= 21:
                    byte = data[start]
                    start += 1
                    size |= (byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80:
                        break
                else:
                    break  # the length itself is not whole yet
            after = start + size
            if after > end:
                break
            if data[at] & 0xF0 == _PUBLISH:
                found.append(_publish(data, start, after, data[at] & 0x06))
            else:
                self._control += data[at:after]
            at = after
        return data[at:]


@dataclass(frozen=True)
class Batch:
    """Messages of one drain and the connection that may acknowledge them. `new_session`: the broker knew none of ours, so
    whatever it had kept for us is gone.
    """

    stream: Stream
    publishes: list[Publish]
    new_session: bool = False

    @property
    def size(self) -> int:
        """Bytes of its messages."""
        return sum(len(p.payload) for p in self.publishes)

    def ack(self) -> None:
        """PUBACK for each, in the order of receipt; nothing where the connection has ended meanwhile."""
        if not self.stream.ended:
            self.stream.ack([p.packet_id for p in self.publishes if p.packet_id])


def _publish(data: bytes, start: int, after: int, qos: int) -> Publish:
    """One PUBLISH's variable header and payload (OASIS MQTT 5.0, 3.3). No topic alias: we allow the broker none."""
    at = start + 2 + (data[start] << 8 | data[start + 1])
    topic = data[start + 2 : at].decode()
    packet_id = 0
    if qos:
        packet_id = data[at] << 8 | data[at + 1]
        at += 2
    size, shift = data[at] & 0x7F, 7
    while data[at] & 0x80:
        at += 1
        size |= (data[at] & 0x7F) << shift
        shift += 7
    return Publish(topic, data[at + 1 + size : after], packet_id)
