"""What the lakehouse holds, table by table."""

from __future__ import annotations

from typing import Any

from acme_lib.contracts import contracts
from acme_lib.lake.lakehouse import Lakehouse
from acme_lib.lake.marks import through

__all__ = ["listed"]


def listed(lake: Lakehouse) -> list[dict[str, Any]]:
    """One row a table of the contracts; version -1 for one that was never written."""
    return [_row(lake, layer.layer, table.name) for layer in contracts().layers for table in layer.tables]


def _row(lake: Lakehouse, layer: str, name: str) -> dict[str, Any]:
    if not lake.exists(name):
        return {"table": name, "layer": layer, "version": -1, "files": 0, "bytes": 0, "partitions_read": 0}
    detail = lake.delta(name).detail().select("numFiles", "sizeInBytes").collect()[0]
    return {
        "table": name,
        "layer": layer,
        "version": lake.version(name),
        "files": int(detail["numFiles"]),
        "bytes": int(detail["sizeInBytes"]),
        "partitions_read": len(through(lake.note(name))),
    }
