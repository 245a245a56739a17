"""Batches for the SDK, cheaply: one section of bytes per event instead of an EventData each (55 us an event become 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from acme_lib.errors import Stop

__all__ = ["batches", "cheap_way_holds", "event_size"]

MESSAGE_OVERHEAD = 64  # the batch's own sections, with room to spare


def _section(body: bytes) -> bytes:
    """One AMQP message that holds nothing but a data section, as the SDK encodes an EventData without properties."""
    size = len(body)
    return (b"\x00Su\xa0" + bytes((size,)) if size < 256 else b"\x00Su\xb0" + size.to_bytes(4, "big")) + body


def event_size(body: bytes) -> int:
    """Bytes that an event takes in a batch."""
    inner = len(body) + (5 if len(body) < 256 else 8)
    return inner + (5 if inner < 256 else 8)


def split(bodies: Sequence[bytes], limit: int) -> Iterator[Sequence[bytes]]:
    """Runs of bodies that fit into one batch of `limit` bytes each, in order. Raises Stop for a body that fits in none."""
    start, size = 0, MESSAGE_OVERHEAD
    for at, body in enumerate(bodies):
        more = event_size(body)
        if more + MESSAGE_OVERHEAD > limit:
            raise Stop(
                f"an event of {len(body)} bytes exceeds the hub's limit of {limit}; lower reasons.yaml max_payload_bytes, or send a claim check"
            )
        if size + more > limit:
            yield bodies[start:at]
            start, size = at, MESSAGE_OVERHEAD
        size += more
    if start < len(bodies):
        yield bodies[start:]


def _by_hand(bodies: Sequence[bytes], partition: str, limit: int) -> Any:
    """An EventDataBatch filled with encoded events directly. Relies on two private fields, hence `cheap_way_holds`."""
    from azure.eventhub import EventDataBatch

    batch = EventDataBatch(partition_id=partition, max_size_in_bytes=limit)
    batch._message.data.extend(_section(body) for body in bodies)
    batch._count = len(bodies)
    return batch


def _by_sdk(bodies: Sequence[bytes], partition: str, limit: int) -> Any:
    """The documented way."""
    from azure.eventhub import EventData, EventDataBatch

    batch = EventDataBatch(partition_id=partition, max_size_in_bytes=limit)
    for body in bodies:
        batch.add(EventData(body))
    return batch


@cache
def cheap_way_holds() -> bool:
    """True where this SDK version makes the same of both ways, byte by byte; else the documented way is taken.

    Tracing (azure.core.settings.tracing_implementation) also needs the documented way: it stamps each event.
    """
    from azure.core.settings import settings

    samples = [b"", b"x", b"y" * 255, b"z" * 256, b"w" * 70_000]
    try:
        mine, theirs = (way(samples, "0", 1 << 20) for way in (_by_hand, _by_sdk))
        same = [bytes(x) for x in mine._message.data] == [bytes(x) for x in theirs._message.data]
        return (
            same
            and len(mine) == len(theirs)
            and mine._partition_id == "0"
            and settings.tracing_implementation() is None
        )
    except (AttributeError, TypeError):
        return False


def batches(bodies: Sequence[bytes], partition: int, limit: int) -> Iterator[Any]:
    """EventDataBatch objects that together hold `bodies` in order. Raises Stop for a body over the limit."""
    make = _by_hand if cheap_way_holds() else _by_sdk
    for run in split(bodies, limit):
        yield make(run, str(partition), limit)
