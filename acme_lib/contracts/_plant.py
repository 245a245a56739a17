"""What the plant is: sites, lines, equipment, tags, and the files of its historians."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Literal

import msgspec

from acme_lib.contracts._record import Record


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
    """A text table with a header whose every row is one frame; `equipment` numbers the machines from 1 as {number}.

    Frames are dated by the column `time` (UTC unless it says otherwise), or else from `start`, one each `period_s`. Rows are
    taken by `time`, by the number in the column `order`, or as they stand, and dealt in blocks of `rows_per_equipment`,
    all to one machine without it. `aliases`: other names of a column, the likeliest first. `unread`: columns that are known and
    left out without a word. `delimiter`: found in the file where it isn't given.
    """

    format: str
    description: str
    files: str
    source_system: str
    equipment_class: str
    equipment: str
    columns: dict[str, str]
    events: list[TableEvent]
    rows_per_equipment: int | None = None
    time: str | None = None
    start: str | None = None
    period_s: float | None = None
    order: str | None = None
    delimiter: str | None = None
    aliases: dict[str, list[str]] = msgspec.field(default_factory=dict)
    unread: list[str] = msgspec.field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.time and (self.start is None or self.period_s is None):
            raise ValueError(f"{self.format}: a table says `time`, or both `start` and `period_s`")


class Historians(Record, frozen=True):
    version: str
    tables: list[HistorianTable]
