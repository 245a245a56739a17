"""Shapes of the declared facts. Plain frozen records; a wrong key or type in a file is an error that names it."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Literal

import msgspec


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every record: immutable, and a key the code does not know is a mistake."""


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


# ---- assets.yaml
class Shift(Record, frozen=True):
    name: str
    start: str
    end: str


class Site(Record, frozen=True):
    id: str
    name: str
    time_zone: str
    production_day_start: str
    shifts: list[Shift]
    description: str


class Line(Record, frozen=True):
    path: str
    name: str
    description: str


class Equipment(Record, frozen=True, rename={"equipment_class": "class"}):
    """`path` is site/area/line/cell/equipment; in `families` levels may be "*" and the last one is a regex."""

    path: str
    equipment_class: str
    model: str
    commissioned: date
    ideal_rate_per_h: float
    criticality: Literal["low", "medium", "high"]


class Assets(Record, frozen=True):
    version: str
    sites: list[Site]
    lines: list[Line]
    equipment: list[Equipment]
    families: list[Equipment]

    def class_of(self, path: str) -> str | None:
        """The class of an equipment, by its name or by its family; None where the registry does not know it."""
        exact = (e.equipment_class for e in self.equipment if e.path == path)
        return next(exact, None) or next(
            (e.equipment_class for e in self.families if _family(e.path).fullmatch(path)), None
        )


@lru_cache(maxsize=256)
def _family(path: str) -> re.Pattern[str]:
    *levels, last = path.split("/")
    return re.compile("/".join("[^/]+" if level == "*" else re.escape(level) for level in levels) + "/" + last)


# ---- tags.yaml
class Kind(Record, frozen=True):
    name: Literal["gauge", "counter", "state", "event", "label"]
    description: str
    aggregates: list[str]


class State(Record, frozen=True):
    name: str
    running: bool
    description: str


class Tag(Record, frozen=True):
    name: str
    kind: Literal["gauge", "counter", "state", "event", "label"]
    type: Literal["double", "string", "boolean"]
    unit: str
    expected_period_s: float
    max_hold_s: float
    description: str
    range: tuple[float, float] | None = None


class EquipmentClass(Record, frozen=True):
    description: str
    tags: list[Tag]


class Tags(Record, frozen=True):
    version: str
    kinds: list[Kind]
    states: list[State]
    classes: dict[str, EquipmentClass]


# ---- historians.yaml
class TableEvent(Record, frozen=True):
    """An event `after_s` seconds into the row's frame where the column holds `equals`."""

    column: str
    equals: str
    tag: str
    value: str
    after_s: float


class HistorianTable(Record, frozen=True):
    """A CSV file with a header whose every row is one frame; `equipment` numbers the machines from 1 as {number}."""

    format: str
    description: str
    files: str
    source_system: str
    equipment_class: str
    equipment: str
    rows_per_equipment: int
    start: str
    period_s: float
    columns: dict[str, str]
    events: list[TableEvent]


class Historians(Record, frozen=True):
    version: str
    tables: list[HistorianTable]


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
    partition_by: list[str] = []
    z_order: list[str] = []
    vacuum_hours: int = 168
    delta_features: list[str] = []
    stats_columns: list[str] = []


class Layer(Record, frozen=True):
    version: str
    layer: Literal["bronze", "silver", "gold", "features", "models", "drift", "ops"]
    tables: list[Table]


# ---- metrics.yaml, alerts.yaml, roles.yaml, environments.yaml
class Metric(Record, frozen=True):
    name: str
    type: Literal["counter", "gauge", "histogram"]
    unit: str
    owner: str
    labels: list[str]
    description: str
    threshold: float | None = None


class Metrics(Record, frozen=True):
    version: str
    metrics: list[Metric]


class AlertRule(Record, frozen=True):
    name: str
    severity: Literal["warning", "critical"]
    owner: str
    runbook: str
    description: str
    metric: str | None = None
    once_per_h: float | None = None


class Alerts(Record, frozen=True):
    version: str
    rules: list[AlertRule]


class TopicGrant(Record, frozen=True):
    filter: str
    activity: Literal["publish", "subscribe", "all"]


class Role(Record, frozen=True):
    name: str
    description: str
    topics: list[TopicGrant]


class Principal(Record, frozen=True):
    identity: str
    role: str
    description: str


class ApprovalRole(Record, frozen=True):
    name: str
    approves: str


class Roles(Record, frozen=True):
    version: str
    roles: list[Role]
    principals: list[Principal]
    approval_roles: list[ApprovalRole]


class Environment(Record, frozen=True):
    name: str
    description: str
    hub_partitions: int
    log_level: str
    identity: str


class Environments(Record, frozen=True):
    version: str
    environments: list[Environment]
