"""Which messages of the UNS become features: those that Silver lets into Gold, by the same rules, judged here one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import orjson

from acme_lib.contracts import ClockBound, Contracts, Tag
from acme_lib.uns import Rejected, judge

__all__ = ["Reading", "Readings"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
US = timedelta(microseconds=1)


class Reading(NamedTuple):
    """`equipment`: site/area/line/cell/equipment; `ts_us`: microseconds since 1970; `source`: whose clock that is."""

    equipment: str
    equipment_class: str
    tag: str
    ts_us: int
    value: float | str | bool
    message_id: str
    replayed: bool
    source: str


class Readings:
    """Topic and payload to a reading, or to the rule that keeps it from the features."""

    def __init__(self, of: Contracts) -> None:
        self._clock = of.bridge.clock_policy
        self._good = {flag.code for flag in of.quality.flags if flag.aggregates}
        self._states = {state.name for state in of.tags.states}
        self._tags: dict[tuple[str, str], Tag] = {
            (c, t.name): t for c, found in of.tags.classes.items() for t in found.tags
        }
        self._assets = of.assets
        self._classes: dict[str, str | None] = {}

    def read(self, topic: str, payload: bytes, now_us: int) -> Reading | str:
        """Pure but for its memory of which equipment is of which class. A rule: one of contracts/rules.yaml, QUALITY, or a
        reason of contracts/reasons.yaml."""
        verdict = judge(topic, payload)
        if isinstance(verdict, Rejected):
            return verdict.reason  # the bridge keeps it as a dead letter
        found = orjson.loads(payload)
        equipment, tag = topic.split("/", 1)[1].rsplit("/", 1)
        equipment_class = self.class_of(equipment)
        ts_us = (datetime.fromisoformat(found["tsUtc"]) - EPOCH) // US
        replayed = bool(found.get("replayed"))
        if equipment_class is None:
            return "EQUIPMENT_UNKNOWN"
        if found["quality"] not in self._good:
            return "QUALITY"
        if not replayed and ts_us - now_us > self._bound(found["sourceSystem"]).ahead_s * 1e6:
            return "CLOCK"
        broken = self._broken(self._tags.get((equipment_class, tag)), found["value"])
        return broken or Reading(
            equipment, equipment_class, tag, ts_us, found["value"], found["messageId"], replayed, found["sourceSystem"]
        )

    def behind(self, reading: Reading, newest_us: int | None) -> bool:
        """True for a live reading that comes after one of its equipment that is newer by more than the policy allows.

        Silver compares with the time of receipt, which the edge can't know of what the broker kept for it; but what the
        broker keeps comes in its order, so that the equipment's newest reading tells it, and no clock of ours does.
        """
        if reading.replayed or newest_us is None:
            return False
        return newest_us - reading.ts_us > self._bound(reading.source).behind_s * 1e6

    def class_of(self, equipment: str) -> str | None:
        """The equipment's class, by name or by family; None where the registry does not know it."""
        if equipment not in self._classes:
            self._classes[equipment] = self._assets.class_of(equipment)
        return self._classes[equipment]

    def unit(self, equipment_class: str, tag: str) -> str | None:
        """The catalogue's unit of a tag; None where there is no such tag."""
        found = self._tags.get((equipment_class, tag))
        return found.unit if found else None

    def _bound(self, source: str) -> ClockBound:
        return self._clock.sources.get(source, self._clock.default)

    def _broken(self, tag: Tag | None, value: float | str | bool) -> str | None:
        """Which of TYPE, STATE_UNKNOWN and RANGE is broken; a tag the catalogue does not know is not judged."""
        if tag is None:
            return None
        kind = {bool: "boolean", str: "string"}.get(type(value), "double")
        if kind != tag.type:
            return "TYPE"
        if tag.kind == "state" and kind == "string":
            return None if value in self._states else "STATE_UNKNOWN"
        low, high = tag.range or (value, value)
        return None if kind != "double" or low <= value <= high else "RANGE"  # type: ignore[operator]
