"""Refuses a table that is not as its contract says: a newer protocol, a feature nobody declared, columns we'd lose."""

from __future__ import annotations

from collections.abc import Iterable

from acme_lib.contracts import Table
from acme_lib.errors import Stop

__all__ = ["PLAIN", "check_columns", "unreadable"]

PLAIN = {
    "delta.minReaderVersion": "1",
    "delta.minWriterVersion": "2",
    "delta.enableDeletionVectors": "false",
    "delta.checkpointInterval": "100",  # a stream commits every few seconds, and each checkpoint holds it up
}
SIGNS = (
    "PROTOCOL",
    "UNSUPPORTED_FEATURES",
    "UNSUPPORTED_FEATURE",
    "InvalidProtocolVersion",
    "UNSUPPORTED_TABLE_FEATURE",
)


def properties(table: Table) -> dict[str, str]:
    """Delta's properties of a new table: protocol every reader knows, few checkpoints, statistics only where a filter uses them."""
    stats = table.stats_columns or [c for c in table.unique_on if c not in table.partition_by]
    return {**PLAIN, "delta.dataSkippingStatsColumns": ",".join(stats)}


def check_columns(table: Table, found: Iterable[tuple[str, str]]) -> None:
    """Raises Stop where the stored (name, type) pairs are not the contract's."""
    declared, stored = {c.name: _type(c.type) for c in table.columns}, {n: _type(t) for n, t in found}
    if more := sorted(stored.keys() - declared.keys()):
        raise Stop(
            f"table {table.name} has columns its contract lacks ({', '.join(more)}): a newer release wrote it; "
            "upgrade acme_lib, or point lake.path to another lakehouse"
        )
    if less := sorted(declared.keys() - stored.keys()):
        raise Stop(
            f"table {table.name} lacks columns of its contract ({', '.join(less)}): an older release wrote it; "
            "move it aside and run the pipeline, which makes it anew from Bronze"
        )
    if other := sorted(n for n in declared if declared[n] != stored[n]):
        name = other[0]
        raise Stop(
            f"table {table.name}: column {name} is {stored[name]}, its contract says {declared[name]}; migrate the table first"
        )


def _type(text: str) -> str:
    return text.lower().replace(" ", "").replace("integer", "int").replace("long", "bigint")


def unreadable(name: str, fault: Exception) -> Stop | None:
    """Stop for a table whose protocol this release doesn't speak; None for another fault."""
    if not any(sign in str(fault) for sign in SIGNS):
        return None
    return Stop(
        f"table {name} was written with a Delta protocol or feature this release does not know; "
        "upgrade acme_lib, or point lake.path to another lakehouse"
    )
