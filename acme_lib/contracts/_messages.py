"""What a message must be and what happens to it: topics, reasons, quality flags, rules, the bridge's mapping."""

from __future__ import annotations

from typing import Literal

from acme_lib.contracts._record import Record


# ---- uns.yaml
class Level(Record, frozen=True):
    name: str
    pattern: str
    max_length: int
    description: str
    examples: list[str]


class Uns(Record, frozen=True):
    version: str
    separator: str
    max_length: int
    casing: str
    reserved_prefixes: list[str]
    levels: list[Level]


# ---- reasons.yaml
class Detail(Record, frozen=True):
    code: str
    description: str
    mend: str
    field: str | None = None


class Reason(Record, frozen=True):
    code: str
    description: str
    details: list[Detail]
    continued: bool = False


class TimestampBounds(Record, frozen=True):
    first: str
    last: str


class Reasons(Record, frozen=True):
    version: str
    max_payload_bytes: int
    max_depth: int
    reserved_fields: list[str]
    accepted_schema_versions: list[str]
    timestamp_bounds: TimestampBounds
    reasons: list[Reason]


# ---- quality.yaml
class Flag(Record, frozen=True):
    code: str
    description: str
    publisher: str
    aggregates: bool


class Quality(Record, frozen=True):
    version: str
    flags: list[Flag]


# ---- rules.yaml
class Rule(Record, frozen=True):
    code: str
    excludes: bool
    description: str


class Rules(Record, frozen=True):
    version: str
    rules: list[Rule]


# ---- bridge.yaml
class Hub(Record, frozen=True):
    name: str
    partitions: int
    retention_h: int
    consumer_groups: list[str]
    max_event_bytes: int
    description: str


class ClockBound(Record, frozen=True):
    behind_s: float
    ahead_s: float


class ClockPolicy(Record, frozen=True):
    default: ClockBound
    sources: dict[str, ClockBound]


class BridgeMapping(Record, frozen=True):
    version: str
    include: list[str]
    exclude: list[str]
    hub: str
    dead_letter_hub: str
    partition_key: Literal["topic", "equipment"]
    hubs: list[Hub]
    claim_check_over_bytes: int
    clock_policy: ClockPolicy
