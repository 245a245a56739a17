"""The few MQTT v5 packets a publisher needs, as bytes. Pure: no socket, no clock (OASIS MQTT 5.0, chapter 3)."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

__all__ = [
    "CONNACK",
    "DISCONNECT",
    "PINGREQ",
    "PINGRESP",
    "PUBACK",
    "Connack",
    "Parser",
    "connack",
    "connect",
    "publish",
]

CONNACK, PUBACK, PINGRESP, DISCONNECT = 0x20, 0x40, 0xD0, 0xE0
PINGREQ, GOODBYE = b"\xc0\x00", b"\xe0\x00"
RECEIVE_MAXIMUM, MAXIMUM_PACKET_SIZE = 0x21, 0x27
# bytes of a property's value by its id; text has a length of its own, user properties two texts
_FIXED = {0x11: 4, 0x13: 2, 0x21: 2, 0x22: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1}
_TEXT = {0x12, 0x15, 0x16, 0x1A, 0x1C, 0x1F}
_USER_PROPERTY = 0x26


class Connack(msgspec.Struct, frozen=True):
    """The broker's answer: `code` 0 is welcome; how many unacknowledged publishes and how large a packet it takes."""

    code: int
    receive_maximum: int = 65_535
    maximum_packet_size: int = 268_435_460


def _length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        out.append(low | 0x80 if size else low)
        if not size:
            return bytes(out)


def _text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return len(raw).to_bytes(2) + raw


def connect(client_id: str, user: str, password: str | None, keepalive_s: int) -> bytes:
    """CONNECT with a clean start; the session ends with the connection, since we resend what we hold ourselves."""
    flags = 0x02 | 0x80 | (0x40 if password is not None else 0)
    body = _text("MQTT") + bytes([5, flags]) + keepalive_s.to_bytes(2) + b"\x00" + _text(client_id) + _text(user)
    if password is not None:
        body += _text(password)
    return b"\x10" + _length(len(body)) + body


def publish(topic: bytes, payload: bytes, packet_id: int, *, again: bool = False) -> bytes:
    """PUBLISH at QoS 1. `again` marks a second attempt (DUP)."""
    size = len(topic) + len(payload) + 5
    head = b"\x3a" if again else b"\x32"
    return b"%b%b%b%b%b\x00%b" % (head, _length(size), len(topic).to_bytes(2), topic, packet_id.to_bytes(2), payload)


def connack(body: bytes) -> Connack:
    """The parsed CONNACK. Properties other than the two limits are passed over."""
    found = {"receive_maximum": 65_535, "maximum_packet_size": 268_435_460}
    names = {RECEIVE_MAXIMUM: "receive_maximum", MAXIMUM_PACKET_SIZE: "maximum_packet_size"}
    for identifier, value in _properties(body[2:]):
        if identifier in names:
            found[names[identifier]] = int.from_bytes(value)
    return Connack(body[1], **found)


def _properties(body: bytes) -> Iterator[tuple[int, bytes]]:
    size, at = _read_length(body, 0)
    end = at + size
    while at < end:
        identifier, at = body[at], at + 1
        if identifier in _FIXED:
            width = _FIXED[identifier]
        elif identifier in _TEXT:
            width = 2 + int.from_bytes(body[at : at + 2])
        elif identifier == _USER_PROPERTY:
            first = 2 + int.from_bytes(body[at : at + 2])
            width = first + 2 + int.from_bytes(body[at + first : at + first + 2])
        else:
            return
        yield identifier, body[at : at + width]
        at += width


def _read_length(data: bytes | bytearray, at: int) -> tuple[int, int]:
    """(value, where it ends); (-1, at) where the bytes end before it does."""
    value = shift = 0
    for position in range(at, min(at + 4, len(data))):
        value |= (data[position] & 0x7F) << shift
        shift += 7
        if data[position] < 0x80:
            return value, position + 1
    return -1, at


class Parser:
    """Bytes in, whole packets out, whatever the pieces they come in."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """(packet type, body) of every packet that is whole now."""
        self._held += data
        at = 0
        try:
            while at + 1 < len(self._held):
                size, start = _read_length(self._held, at + 1)
                if size < 0 or start + size > len(self._held):
                    return
                kind, at_next = self._held[at] & 0xF0, start + size
                yield kind, bytes(self._held[start:at_next])
                at = at_next
        finally:
            del self._held[:at]
