"""Reads the bodies that Spark's own functions can't vouch for: by the bridge's judgement itself, row by row in Python.

The one function of Silver that leaves the JVM, and only for unusual rows (escapes, unknown fields, faults): the only
way to judge any bytes just like the bridge is to ask its code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pyspark.sql import DataFrame
from pyspark.sql.types import StructType

from acme_lib.contracts import contracts
from acme_lib.lake.envelope import CARRIED, INSTANT, PARSED
from acme_lib.uns import Rejected, judge

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["exact", "read_body", "unstamped"]

STAMP = re.compile(
    rb',"receivedUtc":"(%b)","bridgeId":("(?:[^"\\]|\\.){0,300}"),"bridgeSeq":(0|[1-9][0-9]{0,18})\}$'
    % INSTANT.encode(),
    re.DOTALL,
)
TAIL = 512
NAMES = {
    "messageId": "message_id", "topic": "topic", "quality": "quality", "units": "units",
    "sourceSystem": "source_system", "lineageVersion": "lineage_version", "schemaVersion": "schema_version",
    "errorCode": "error_code", "epoch": "epoch", "seq": "seq", "correlationId": "correlation_id",
}  # fmt: skip


def instant(text: str) -> datetime | None:
    """ISO 8601 text as an aware datetime; None where it is none."""
    try:
        return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        return None


def unstamped(body: bytes) -> tuple[bytes, dict[str, Any]]:
    """The publisher's bytes (but for blanks behind their last brace), and what the bridge added."""
    found = STAMP.search(body, max(0, len(body) - TAIL))
    if found is None:
        return body, {}
    try:
        added = {
            "received_utc": instant(found[1].decode()),
            "bridge_id": json.loads(found[2]),
            "bridge_seq": int(found[3]),
        }
    except ValueError:
        return body, {}
    if added["bridge_seq"] >= 1 << 63:
        return body, {}
    return body[: found.start()] + b"}", added


def read_body(body: bytes | None) -> dict[str, Any]:
    """One body as the columns of PARSED; `reason` and `detail` where the bridge would have rejected it. Never raises."""
    payload, added = unstamped(body or b"")
    topic, found = "", None
    try:
        found = json.loads(payload, parse_int=_whole)
        topic = found["topic"]
    except (ValueError, TypeError, KeyError, RecursionError):  # what it is, the judgement says
        pass
    judged = judge(topic if isinstance(topic, str) else "", payload)
    if isinstance(judged, Rejected) or not isinstance(found, dict):
        reason, detail = (
            ("SCHEMA_INVALID", "NOT_JSON") if not isinstance(judged, Rejected) else (judged.reason, judged.detail)
        )
        return {**added, "reason": reason, "detail": detail, "topic": _storable(topic)}
    return {**added, **typed(found)}


def _whole(text: str) -> float | int:
    return -0.0 if text == "-0" else int(text)


def _storable(topic: object) -> str | None:
    """A rejected topic as text that can be stored: a lone surrogate has no bytes."""
    return topic.encode("utf-8", "replace").decode() if isinstance(topic, str) else None


def typed(found: dict[str, Any]) -> dict[str, Any]:
    """A valid envelope's fields as columns; what the schema does not know as one JSON object."""
    row: dict[str, Any] = {column: found.get(name) for name, column in NAMES.items()}
    row["seq"] = None if row["seq"] is None else int(row["seq"])  # 5.0 is an integer of JSON Schema
    row["message_id"] = row["message_id"].lower()
    row["ts_utc"] = instant(found["tsUtc"])
    row["replayed"] = found.get("replayed", False)
    value = found["value"]
    kind = "value_bool" if isinstance(value, bool) else "value_string" if isinstance(value, str) else "value_double"
    row[kind] = float(value) if kind == "value_double" else value
    known = contracts().envelope_schema["properties"]
    extra = {k: v for k, v in found.items() if k not in known}
    row["raw_extra"] = json.dumps(extra, ensure_ascii=False, separators=(",", ":")) if extra else None
    return row


def exact(rows: DataFrame, here: bool = False) -> DataFrame:
    """The same columns as `parse` for rows that carry their `body`; plain is false, body is dropped.

    `here` reads them on the driver, for few: a Python worker that starts and compiles the schema costs seconds.
    """
    bodies = rows.select(*CARRIED, "body")
    shape = StructType([*rows.select(*CARRIED).schema.fields, *StructType.fromDDL(PARSED).fields])
    if not here:
        return bodies.mapInArrow(_batches, shape)
    import pyarrow as pa

    found = pa.Table.from_batches([_read(batch) for batch in bodies.toArrow().to_batches()])
    return rows.sparkSession.createDataFrame(found, shape)


def _batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    return map(_read, batches)


def _read(batch: pa.RecordBatch) -> pa.RecordBatch:
    import pyarrow as pa

    kinds = {
        "string": pa.string(), "timestamp": pa.timestamp("us", tz="UTC"), "double": pa.float64(), "boolean": pa.bool_(),
        "bigint": pa.int64(),
    }  # fmt: skip
    fields = [field.split() for field in PARSED.split(", ")]  # no session here to read a schema with
    read = [read_body(body) for body in batch.column("body").to_pylist()]
    columns = [batch.column(name) for name in CARRIED]
    columns += [pa.array([row.get(name) for row in read], kinds[kind]) for name, kind in fields]
    return pa.RecordBatch.from_arrays(columns, names=[*CARRIED, *(name for name, _ in fields)])
