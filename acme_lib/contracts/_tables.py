"""What the tables are: columns, keys, retention."""

from __future__ import annotations

from typing import Literal

import msgspec

from acme_lib.contracts._record import Record


# ---- tables/*.yaml
class Column(Record, frozen=True):
    name: str
    type: str
    description: str
    derivation: str
    nullable: bool = False
    unit: str | None = None


class Table(Record, frozen=True):
    name: str
    description: str
    unique_on: list[str]
    retention_days: int
    columns: list[Column]
    age_column: str | None = None  # the date or timestamp retention counts from; without it no row is ever purged
    partition_by: list[str] = msgspec.field(default_factory=list)
    z_order: list[str] = msgspec.field(default_factory=list)
    vacuum_hours: int = 168
    delta_features: list[str] = msgspec.field(default_factory=list)
    stats_columns: list[str] = msgspec.field(default_factory=list)


class Layer(Record, frozen=True):
    version: str
    layer: Literal["bronze", "silver", "gold", "features", "models", "drift", "ops"]
    tables: list[Table]
