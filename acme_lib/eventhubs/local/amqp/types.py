"""AMQP 1.0 types: values to bytes by a named type, bytes to values by their constructor (part 1 of the specification)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

__all__ = ["NULL", "Described", "Encoded", "Malformed", "Symbol", "array", "described", "encode", "read"]

NULL = b"\x40"
MAX_DEPTH = 24


class Malformed(ValueError):
    """Bytes that are not AMQP 1.0; the connection that sent them is closed."""


class Symbol(str):
    """A name of the protocol; on the wire apart from strings."""

    __slots__ = ()


class Encoded(bytes):
    """Bytes that are AMQP already and travel as they are."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Described:
    """A value with its descriptor (a number, or a symbol)."""

    descriptor: Any
    value: Any


# ---- values to bytes
def _sized(short: int, long: int, body: bytes) -> bytes:
    if len(body) < 256:
        return bytes((short, len(body))) + body
    return struct.pack(">BI", long, len(body)) + body


def _compound(code: int, items: list[bytes]) -> bytes:
    body = b"".join(items)
    return struct.pack(">BII", code, len(body) + 4, len(items)) + body


def described(descriptor: int, *fields: bytes) -> Encoded:
    """A described list, every field written: some clients index fields blindly."""
    return Encoded(b"\x00\x53" + bytes((descriptor,)) + _compound(0xD0, list(fields)))


def array(code: int, texts: Sequence[str]) -> Encoded:
    """An array of strings (code 0xb1) or symbols (0xb3): one constructor for all."""
    items = b"".join(struct.pack(">I", len(raw)) + raw for raw in (text.encode() for text in texts))
    return Encoded(struct.pack(">BIIB", 0xF0, len(items) + 5, len(texts), code) + items)


def _map(value: Mapping[Any, Any]) -> bytes:
    return _compound(0xD1, [encode(_kind(x), x) for pair in value.items() for x in pair])


def _kind(value: Any) -> str:
    """The wire type of a plain value inside a map: int is a signed 64-bit long."""
    if isinstance(value, Encoded):
        return "encoded"
    if isinstance(value, Symbol):
        return "symbol"
    return {bool: "boolean", int: "long", str: "string", bytes: "binary", type(None): "null"}[type(value)]


_WRITERS: dict[str, Callable[[Any], bytes]] = {
    "null": lambda v: NULL,
    "encoded": bytes,
    "boolean": lambda v: b"\x41" if v else b"\x42",
    "ubyte": lambda v: bytes((0x50, v)),
    "ushort": lambda v: struct.pack(">BH", 0x60, v),
    "uint": lambda v: struct.pack(">BI", 0x70, v),
    "ulong": lambda v: struct.pack(">BQ", 0x80, v),
    "int": lambda v: struct.pack(">Bi", 0x71, v),
    "long": lambda v: struct.pack(">Bq", 0x81, v),
    "timestamp": lambda v: struct.pack(">Bq", 0x83, v),
    "uuid": lambda v: b"\x98" + v.bytes,
    "string": lambda v: _sized(0xA1, 0xB1, v.encode()),
    "symbol": lambda v: _sized(0xA3, 0xB3, v.encode("ascii")),
    "binary": lambda v: _sized(0xA0, 0xB0, v),
    "map": _map,
}


def encode(kind: str, value: Any) -> Encoded:
    """`value` as AMQP type `kind`; None is null, bytes that are Encoded already pass unchanged."""
    if value is None:
        return Encoded(NULL)
    if isinstance(value, Encoded):
        return value
    return Encoded(_WRITERS[kind](value))


# ---- bytes to values
_FIXED: dict[int, tuple[struct.Struct, Callable[[Any], Any]]] = {
    code: (struct.Struct(">" + layout), convert)
    for code, layout, convert in (
        (0x50, "B", int), (0x51, "b", int), (0x52, "B", int), (0x53, "B", int), (0x54, "b", int), (0x55, "b", int),
        (0x56, "?", bool), (0x60, "H", int), (0x61, "h", int), (0x70, "I", int), (0x71, "i", int), (0x72, "f", float),
        (0x73, "4s", lambda raw: raw.decode("utf-32-be")), (0x80, "Q", int), (0x81, "q", int), (0x82, "d", float),
        (0x83, "q", int), (0x84, "8s", bytes), (0x74, "4s", bytes), (0x94, "16s", bytes),
        (0x98, "16s", lambda raw: UUID(bytes=raw)),
    )
}  # fmt: skip
_EMPTY: dict[int, Any] = {0x40: None, 0x41: True, 0x42: False, 0x43: 0, 0x44: 0}


def read(data: bytes, at: int = 0, depth: int = 0) -> tuple[Any, int]:
    """The value that starts at `at`, and where it ends. Raises Malformed."""
    try:
        return _read(data, at, depth)
    except (IndexError, struct.error, UnicodeDecodeError, TypeError) as e:
        raise Malformed(f"AMQP value at byte {at}: {e}") from e


def _read(data: bytes, at: int, depth: int) -> tuple[Any, int]:
    if depth > MAX_DEPTH:
        raise Malformed("AMQP value nested too deep")
    code = data[at]
    if code == 0:
        descriptor, at = _read(data, at + 1, depth + 1)
        value, at = _read(data, at, depth + 1)
        return Described(descriptor, value), at
    return _read_as(data, at + 1, code, depth)


def _read_as(data: bytes, at: int, code: int, depth: int) -> tuple[Any, int]:
    if code in _EMPTY:
        return _EMPTY[code], at
    if code == 0x45:
        return [], at
    if code in _FIXED:
        layout, convert = _FIXED[code]
        return convert(layout.unpack_from(data, at)[0]), at + layout.size
    width = 4 if code & 0x10 else 1
    size = int.from_bytes(data[at : at + width], "big")
    start, end = at + width, at + width + size
    if end > len(data):
        raise Malformed(f"AMQP value of type 0x{code:02x} ends beyond its frame")
    if code in (0xA0, 0xB0):
        return bytes(data[start:end]), end
    if code in (0xA1, 0xB1):
        return str(data[start:end], "utf-8"), end
    if code in (0xA3, 0xB3):
        return Symbol(str(data[start:end], "ascii")), end
    count, start = int.from_bytes(data[start : start + width], "big"), start + width
    if count > size:
        raise Malformed("AMQP collection counts more items than it has bytes")
    if code in (0xC0, 0xD0, 0xC1, 0xD1):
        items = _read_items(data, start, count, depth)
        return (dict(zip(items[::2], items[1::2], strict=True)) if code & 1 else items), end
    if code in (0xE0, 0xF0):
        return _read_array(data, start, count, depth), end
    raise Malformed(f"AMQP has no type 0x{code:02x}")


def _read_items(data: bytes, at: int, count: int, depth: int) -> list[Any]:
    items = []
    for _ in range(count):
        value, at = _read(data, at, depth + 1)
        items.append(value)
    return items


def _read_array(data: bytes, at: int, count: int, depth: int) -> list[Any]:
    descriptor = None
    if data[at] == 0:
        descriptor, at = _read(data, at + 1, depth + 1)
    code, at, items = data[at], at + 1, []
    for _ in range(count):
        value, at = _read_as(data, at, code, depth + 1)
        items.append(value if descriptor is None else Described(descriptor, value))
    return items
