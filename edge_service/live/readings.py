"""Which messages of the UNS become features: those that Silver lets into Gold, by the same rules, judged here one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

from acme_lib.contracts import Contracts, Tag
from acme_lib.uns import Rejected, judge

__all__ = ["Reading", "Readings"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)


class Reading(NamedTuple):
    """`equipment`: site/area/line/cell/equipment; `ts_us`: microseconds since 1970."""

    equipment: str
    equipment_class: str
    tag: str
    ts_us: int
    value: float | str | bool
    message_id: str
    replayed: bool


class Readings:
    """Topic and payload to a reading, None for what the features must not see."""

    def __init__(self, of: Contracts) -> None:
        self._clock = of.bridge.clock_policy
        self._good = {flag.code for flag in of.quality.flags if flag.aggregates}
        self._states = {state.name for state in of.tags.states}
        self._tags: dict[tuple[str, str], Tag] = {
            (c, t.name): t for c, found in of.tags.classes.items() for t in found.tags
        }
        self._assets = of.assets
        self._classes: dict[str, str | None] = {}

    def read(self, topic: str, payload: bytes, now_us: int) -> Reading | None:
        """Pure but for its memory of which equipment is of which class."""
        if isinstance(judge(topic, payload), Rejected):
            return None  # the bridge keeps it as a dead letter
        found = orjson.loads(payload)
        equipment, tag = topic.split("/", 1)[1].rsplit("/", 1)
        equipment_class = self.class_of(equipment)
        ts_us = (datetime.fromisoformat(found["tsUtc"]) - EPOCH) // US
        replayed = bool(found.get("replayed"))
        if equipment_class is None or found["quality"] not in self._good:
            return None
        if not replayed and not self._in_time(found["sourceSystem"], ts_us - now_us):
            return None
        if not self._fits(self._tags.get((equipment_class, tag)), found["value"]):
            return None
        return Reading(equipment, equipment_class, tag, ts_us, found["value"], found["messageId"], replayed)

    def class_of(self, equipment: str) -> str | None:
        """The equipment's class, by name or by family; None where the registry does not know it."""
        if equipment not in self._classes:
            self._classes[equipment] = self._assets.class_of(equipment)
        return self._classes[equipment]

    def unit(self, equipment_class: str, tag: str) -> str | None:
        """The catalogue's unit of a tag; None where there is no such tag."""
        found = self._tags.get((equipment_class, tag))
        return found.unit if found else None

    def _in_time(self, source: str, ahead_us: int) -> bool:
        bound = self._clock.sources.get(source, self._clock.default)
        return -bound.behind_s * 1e6 <= ahead_us <= bound.ahead_s * 1e6

    def _fits(self, tag: Tag | None, value: float | str | bool) -> bool:
        """RANGE, TYPE and STATE_UNKNOWN of contracts/rules.yaml; a tag the catalogue does not know is not judged."""
        if tag is None:
            return True
        kind = {bool: "boolean", str: "string"}.get(type(value), "double")
        if kind != tag.type:
            return False
        if tag.kind == "state" and kind == "string":
            return value in self._states
        low, high = tag.range or (value, value)
        return kind != "double" or low <= value <= high  # type: ignore[operator]
