"""One group commit as bytes: a zstd frame, with its checksum, of length-prefixed entries."""

from __future__ import annotations

import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import zstandard

from acme_lib.errors import Quarantine

__all__ = ["Corrupt", "Entry", "Frame", "counts_of", "counts_text", "decode", "encode", "parse_counts"]

_HEAD = struct.Struct("<QIB")  # first sequence number, entries, hubs
_ITEM = struct.Struct("<BHI")  # hub's place in the header, bytes of the key, bytes of the body
_LEVEL = 1  # 27 of 328 bytes a message; higher levels cost more CPU than they save disk
_local = threading.local()  # a zstd context belongs to one thread at a time


class Entry(NamedTuple):
    """One message on its way: the hub it is for, the key that keeps its order, the bytes to send."""

    hub: str
    key: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Frame:
    """Entries first..last (sequence numbers, both included) of one group commit at `at_ms`, UTC milliseconds."""

    first: int
    last: int
    at_ms: int
    entries: list[Entry]


class Corrupt(Quarantine):
    """A frame that can't be read: keep `blob` aside, count its entries, go on. `counts` is entries per hub."""

    def __init__(self, first: int, last: int, at_ms: int, counts: Mapping[str, int], blob: bytes, why: str) -> None:
        super().__init__(f"journal frame {first}..{last}: {why}")
        self.first, self.last, self.at_ms = first, last, at_ms
        self.counts, self.blob, self.why = dict(counts), blob, why


def encode(first: int, entries: Sequence[Entry]) -> bytes:
    """The frame's bytes. Keys are at most 65,535 bytes of UTF-8 (an MQTT topic's limit)."""
    hubs: dict[str, int] = {}
    parts: list[bytes] = []
    pack = _ITEM.pack
    for hub, key, body in entries:
        raw = key.encode()
        parts += (pack(hubs.setdefault(hub, len(hubs)), len(raw), len(body)), raw, body)
    names = b"".join(bytes([len(n)]) + n for n in (h.encode() for h in hubs))
    return _compressor().compress(b"".join([_HEAD.pack(first, len(entries), len(hubs)), names, *parts]))


def decode(first: int, blob: bytes) -> list[Entry]:
    """The frame's entries. Raises Quarantine where the checksum or the shape is wrong."""
    try:
        raw = _decompressor().decompress(blob)
        begun, count, hubs = _HEAD.unpack_from(raw)
        entries = _items(raw, count, hubs)
    except (zstandard.ZstdError, struct.error, IndexError, UnicodeDecodeError) as e:
        raise Quarantine(str(e)) from e
    if begun != first:
        raise Quarantine(f"holds the entries from {begun} on")
    return entries


def _items(raw: bytes, count: int, hubs: int) -> list[Entry]:
    at, names = _HEAD.size, []
    for _ in range(hubs):
        end = at + 1 + raw[at]
        names.append(raw[at + 1 : end].decode())
        at = end
    unpack, size, entries = _ITEM.unpack_from, _ITEM.size, []
    for _ in range(count):
        hub, key, body = unpack(raw, at)
        middle = at + size + key
        at_next = middle + body
        entries.append(Entry(names[hub], raw[at + size : middle].decode(), raw[middle:at_next]))
        at = at_next
    if at != len(raw):
        raise IndexError("length does not match its entries")
    return entries


def counts_of(entries: Sequence[Entry]) -> dict[str, int]:
    """Entries per hub."""
    return dict(Counter(entry[0] for entry in entries))


def counts_text(counts: Mapping[str, int]) -> str:
    """`telemetry=50 telemetry-dlq=1`: what a frame's row says of it, readable without opening the frame."""
    return " ".join(f"{hub}={n}" for hub, n in sorted(counts.items()))


def parse_counts(text: str) -> dict[str, int]:
    return {hub: int(n) for hub, _, n in (item.rpartition("=") for item in text.split())}


def _compressor() -> zstandard.ZstdCompressor:
    found: zstandard.ZstdCompressor | None = getattr(_local, "compressor", None)
    if found is None:
        found = _local.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    return found


def _decompressor() -> zstandard.ZstdDecompressor:
    found: zstandard.ZstdDecompressor | None = getattr(_local, "decompressor", None)
    if found is None:
        found = _local.decompressor = zstandard.ZstdDecompressor()
    return found
