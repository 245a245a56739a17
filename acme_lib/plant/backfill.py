"""Historian files straight into Bronze's raw columns: the bodies that the bridge would have delivered, without a broker.

Bodies equal a replay's payloads up to the stamp, so Silver comes out the same but for transport columns. An equipment is a
partition and its readings count from offset 0: unique on (hub, partition, offset), the same in every run, and a
backfill of a few engines followed by one of all adds just the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING

from acme_lib.plant.historian import History
from acme_lib.uns import stamp

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["BATCH_ROWS", "BRIDGE_ID", "rows", "schema"]

BRIDGE_ID = "backfill"
BATCH_ROWS = 20_000


def schema() -> pa.Schema:
    """Bronze's raw columns as a hub would fill them; ingested_utc and enqueued_date are the table's own."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            pa.field("hub", pa.string(), nullable=False),
            pa.field("source_partition", pa.int32(), nullable=False),
            pa.field("source_offset", pa.int64(), nullable=False),
            pa.field("key", pa.string()),
            pa.field("body", pa.binary()),
            pa.field("enqueued_utc", instant, nullable=False),
            pa.field("received_utc", instant),
        ]
    )


def rows(history: History, received_ms: int, batch_rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
    """All rows of a history in batches, by event time. `received_ms`: what is stamped as the time of receipt."""
    import pyarrow as pa

    columns = schema()
    instant = pa.scalar(received_ms * 1000, pa.int64()).cast(columns.field("received_utc").type)
    for partitions, offsets, bodies in _numbered(history, received_ms, batch_rows):
        count = len(bodies)
        yield pa.RecordBatch.from_arrays(
            [
                pa.repeat(history.hub, count),
                pa.array(partitions, pa.int32()),
                pa.array(offsets, pa.int64()),
                pa.nulls(count, pa.string()),  # as the bridge sends: by partition, without a key
                pa.array(bodies, pa.binary()),
                pa.repeat(instant, count),
                pa.repeat(instant, count),
            ],
            schema=columns,
        )


def _numbered(history: History, received_ms: int, size: int) -> Iterator[tuple[list[int], list[int], list[bytes]]]:
    counted = dict.fromkeys(history.partitions.values(), 0)
    envelope, added = history.encoder().envelope, _added(received_ms)
    readings = history.readings()
    while chunk := list(islice(readings, size)):
        partitions, offsets, bodies = [], [], []
        for reading in chunk:
            partition = history.partitions[reading.equipment]
            offset = counted[partition]
            counted[partition] = offset + 1
            partitions.append(partition)
            offsets.append(offset)
            bodies.append(b"%b%b%d}" % (envelope(reading)[3][:-1], added, partition << 32 | offset))
        yield partitions, offsets, bodies


def _added(received_ms: int) -> bytes:
    """What the stamp adds to every body, up to the number: taken from the stamp itself, which per row would cost most."""
    return stamp(b"{}", received_ms, BRIDGE_ID, 0)[1:-2]
