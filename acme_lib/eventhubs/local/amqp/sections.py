"""AMQP messages as Event Hubs takes them: bodies and partition keys out of single and batched transfers, by walking sections."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from acme_lib.eventhubs.local.amqp.types import Encoded, Malformed, encode, read

__all__ = ["Event", "application_properties", "batch_format", "events", "message_id", "request", "response"]

batch_format = 0x80013700  # each data section of such a message is an encoded message of its own
ANNOTATIONS, PROPERTIES, APPLICATION, DATA, VALUE = 0x72, 0x73, 0x74, 0x75, 0x77
_KEY = "x-opt-partition-key"
_FIXED_BYTES = {0x4: 0, 0x5: 1, 0x6: 2, 0x7: 4, 0x8: 8, 0x9: 16}


class Event(NamedTuple):
    """What the log keeps of one event: its body, and its partition key where the sender gave one."""

    body: bytes
    key: str | None


def _after(raw: bytes, at: int) -> int:
    """Where the value that starts at `at` ends, without decoding it."""
    code = raw[at]
    if code == 0:
        return _after(raw, _after(raw, at + 1))
    kind = code >> 4
    if kind in _FIXED_BYTES:
        return at + 1 + _FIXED_BYTES[kind]
    if kind in (0xA, 0xC, 0xE):
        return at + 2 + raw[at + 1]
    return at + 5 + int.from_bytes(raw[at + 1 : at + 5], "big")


def sections(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """(descriptor, start of the value, end) of each section. Raises Malformed."""
    at, size = 0, len(raw)
    try:
        while at < size:
            if raw[at] != 0:
                raise Malformed(f"a message section without a descriptor at byte {at}")
            start = _after(raw, at + 1)
            end = _after(raw, start)
            if end > size:
                raise Malformed("a message section ends beyond its message")
            yield int.from_bytes(raw[at + 2 : start], "big"), start, end
            at = end
    except IndexError as e:
        raise Malformed("a message that ends inside a section") from e


def _binary(raw: bytes, start: int, end: int) -> bytes:
    return raw[start + (2 if raw[start] == 0xA0 else 5) : end]


def _key_of(annotations: Any) -> str | None:
    key = annotations.get(_KEY) if isinstance(annotations, dict) else None
    return key if isinstance(key, str) else None


def event(raw: bytes, key: str | None = None) -> Event:
    """One encoded message. A body in several data sections is joined; a string or binary value is its bytes."""
    if raw[:4] == b"\x00\x53\x75\xb0" and int.from_bytes(raw[4:8], "big") == len(raw) - 8:
        return Event(raw[8:], key)  # the usual message: one data section and nothing else
    parts: list[bytes] = []
    for code, start, end in sections(raw):
        if code == DATA:
            parts.append(_binary(raw, start, end))
        elif code == ANNOTATIONS:
            key = _key_of(read(raw, start)[0]) or key
        elif code == VALUE:
            value = read(raw, start)[0]
            parts.append(
                value.encode() if isinstance(value, str) else value if isinstance(value, bytes) else raw[start:end]
            )
    return Event(b"".join(parts), key)


def events(raw: bytes, message_format: int | None) -> tuple[list[Event], str | None]:
    """The events of one transfer, and the partition key it gives for all of them."""
    if message_format != batch_format:
        one = event(raw)
        return [one], one.key
    key, found = None, []
    for code, start, end in sections(raw):
        if code == DATA:
            found.append(event(_binary(raw, start, end), key))
        elif code == ANNOTATIONS:
            key = _key_of(read(raw, start)[0])
    if key is None and found:
        key = found[0].key
    return found, key


# ---- requests and responses of $cbs and $management
def message_id(raw: bytes) -> Encoded:
    """The message-id of a request as it was encoded: the response's correlation-id must be of the same type."""
    for code, start, _ in sections(raw):
        if code == PROPERTIES:
            first = start + (3 if raw[start] == 0xC0 else 9)
            return Encoded(raw[first : _after(raw, first)]) if raw[start] != 0x45 else encode("null", None)
    return encode("null", None)


def application_properties(raw: bytes) -> dict[str, Any]:
    """The request's properties; binary texts, which the Python SDK sends, as str."""
    for code, start, _ in sections(raw):
        if code == APPLICATION:
            return {_text(k): _text(v) for k, v in read(raw, start)[0].items()}
    return {}


def _text(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def request(raw: bytes) -> tuple[dict[str, Any], Any]:
    """(application properties, body value) of a request."""
    body = None
    for code, start, end in sections(raw):
        if code == VALUE:
            body = _text(read(raw, start)[0])
        elif code == DATA:
            body = _text(_binary(raw, start, end))
    return application_properties(raw), body


def response(correlation: Encoded, status: int, text: str, body: Encoded) -> bytes:
    """A response message; the status under the names that $cbs and $management have each."""
    properties = b"".join(bytes(encode("null", None)) for _ in range(5)) + correlation
    status_map = {name: encode("int", status) for name in ("status-code", "statusCode")}
    text_map = {name: encode("string", text) for name in ("status-description", "statusDescription")}
    header = b"\x00\x53\x73\xd0" + (len(properties) + 4).to_bytes(4, "big") + (6).to_bytes(4, "big") + properties
    return header + b"\x00\x53\x74" + encode("map", {**status_map, **text_map}) + b"\x00\x53\x77" + body
