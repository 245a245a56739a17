"""One default reading and how it becomes Bronze's raw columns; tests override what matters."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from acme_lib.lake.bronze import append_raw, dated
from acme_lib.lake.local_rows import local_rows
from acme_lib.uns import message_id, stamp

NOW = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
TOPIC = "acme/dallas/drying/line-1/cell-a/dryer-01/current"
SHAPE = (
    "hub string, source_partition int, source_offset bigint, key string, body binary, enqueued_utc timestamp, "
    "received_utc timestamp"
)


def reading(seq: int = 0, /, **over: Any) -> dict[str, Any]:
    """A valid envelope; None removes a field. The id is the counted one unless overridden,
    also where epoch or seq are removed."""
    found = {
        "tsUtc": f"2026-11-24T22:5{seq % 10}:00.000Z",
        "topic": TOPIC,
        "value": 1.5 * seq,
        "quality": "GOOD",
        "units": "A",
        "sourceSystem": "plc-1",
        "lineageVersion": "1.0.0",
        "schemaVersion": "1.0.0",
        "epoch": "e1",
        "seq": seq,
        **over,
    }
    made = message_id(str(found["sourceSystem"]), str(found["topic"]), found["epoch"] or "e1", seq)
    return {k: v for k, v in {"messageId": made, **found}.items() if v is not None}


def body(seq: int = 0, /, *, stamped: bool = True, **over: Any) -> bytes:
    text = json.dumps(reading(seq, **over), separators=(",", ":"), ensure_ascii=False).encode()
    return stamp(text, 1795561199000, "bridge-1", seq) if stamped else text


def raw(spark: Any, bodies: list[bytes | None], start: int = 0, hub: str = "telemetry", partition: int = 0) -> Any:
    """Bronze rows at consecutive offsets from `start`."""
    place = {"hub": hub, "source_partition": partition, "enqueued_utc": NOW}
    rows = [{**place, "source_offset": start + i, "body": b} for i, b in enumerate(bodies)]
    return dated(local_rows(spark, rows, SHAPE), NOW)


def fill(lake: Any, bodies: list[bytes | None], start: int = 0, **where: Any) -> None:
    append_raw(lake, raw(lake.spark, bodies, start, **where), {})


def stored(lake: Any, table: str) -> list[dict[str, Any]]:
    """A table's rows as another reader than Spark sees them; none where it does not exist."""
    from deltalake import DeltaTable

    return DeltaTable(lake.path(table)).to_pyarrow_table().to_pylist() if lake.exists(table) else []
