"""Judges one message against the published envelope schema: valid, or rejected for one reason of contracts/reasons.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import jsonschema_rs
import orjson

from acme_lib.contracts import Contracts, contracts
from acme_lib.uns.grammar import Grammar
from acme_lib.uns.json_text import Facts, inspect, sure_of_keys

__all__ = ["Judge", "Rejected", "Valid", "judge", "publisher_schema"]


@dataclass(frozen=True, slots=True)
class Valid:
    """The message is an envelope of this release, published on its own topic."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why not: `reason` is what a consumer filters on, `detail` what a person mends."""

    reason: str
    detail: str


VALID = Valid()


def publisher_schema(of: Contracts) -> dict[str, Any]:
    """The published schema as it binds a publisher: without the bridge's own fields, at the accepted versions."""
    schema = dict(of.envelope_schema)
    schema["properties"] = {
        **schema["properties"],
        **dict.fromkeys(of.reasons.reserved_fields, False),
        "schemaVersion": {"enum": of.reasons.accepted_schema_versions},
    }
    return schema


class Judge:
    """The rules of one set of contracts, compiled. Calling it never raises, whatever the bytes."""

    def __init__(self, of: Contracts) -> None:
        reasons = of.reasons
        self.max_bytes, self.max_depth = reasons.max_payload_bytes, reasons.max_depth
        self.reserved, self.versions = reasons.reserved_fields, frozenset(reasons.accepted_schema_versions)
        self.flags = frozenset(flag.code for flag in of.quality.flags)
        self.rejections = {d.code: Rejected(r.code, d.code) for r in reasons.reasons for d in r.details}
        self.missing = {d.field: d.code for r in reasons.reasons for d in r.details if d.field}
        self.first = datetime.fromisoformat(reasons.timestamp_bounds.first)
        self.last = datetime.fromisoformat(reasons.timestamp_bounds.last)
        self.grammar = Grammar(of.uns)
        self.validator = jsonschema_rs.validator_for(publisher_schema(of))
        self._fits, self._known = self.validator.is_valid, self.grammar.is_valid

    def __call__(self, mqtt_topic: str, payload: bytes) -> Valid | Rejected:
        if len(payload) > self.max_bytes:
            return self.rejections["PAYLOAD_OVER_LIMIT"]
        try:
            found = orjson.loads(payload)
            if (
                self._fits(found)
                and found["topic"] == mqtt_topic
                and self._known(mqtt_topic)
                and self.first <= instant(found["tsUtc"]) <= self.last
                and sure_of_keys(payload, found, self.max_depth)
            ):
                return VALID
        except ValueError:  # not JSON as orjson has it, or no instant: the exact cause is found below
            pass
        detail = self.cause(mqtt_topic, payload)
        return self.rejections[detail] if detail else VALID

    def cause(self, mqtt_topic: str, payload: bytes) -> str | None:
        """The first detail of the table that holds, in its order; None where none does."""
        try:
            text = payload.decode()
        except UnicodeDecodeError:
            return "NOT_UTF8"
        facts = inspect(text, self.max_depth)
        detail = self.cause_in_text(facts)
        if detail:
            return detail
        try:
            found: dict[str, Any] = orjson.loads(payload)
        except ValueError:  # the two readers disagree: what one of them can't read is no JSON for the lake
            return "NOT_JSON"
        return self.cause_in_fields(found) or self.cause_in_schema(found) or self.cause_in_sense(found, mqtt_topic)

    def cause_in_text(self, facts: Facts) -> str | None:
        if facts.depth > self.max_depth:
            return "TOO_DEEP"
        if not facts.is_json:
            return "NOT_JSON"
        if facts.lone_surrogate:
            return "LONE_SURROGATE"
        if facts.infinite:
            return "NUMBER_OUT_OF_RANGE"
        if not facts.is_object:
            return "NOT_OBJECT"
        return "DUPLICATE_KEY" if facts.duplicate_key else None

    def cause_in_fields(self, found: dict[str, Any]) -> str | None:
        if any(field in found for field in self.reserved):
            return "RESERVED_FIELD"
        for field, code in self.missing.items():
            if found.get(field) is None:
                return code
        flag, version = found["quality"], found["schemaVersion"]
        if isinstance(flag, str) and flag not in self.flags:
            return "FLAG_NOT_IN_TAXONOMY"
        return "SCHEMA_VERSION_UNKNOWN" if isinstance(version, str) and version not in self.versions else None

    def cause_in_schema(self, found: dict[str, Any]) -> str | None:
        """A field's type, then its bounds; the form of tsUtc is judged with its sense."""
        broken = [(e.instance_path[:1], e.schema_path[-1]) for e in self.validator.iter_errors(found)]
        # the two enums hold strings only, so by now a value outside them is of another type
        if any(rule in ("type", "enum") for _, rule in broken):
            return "TYPE_MISMATCH"
        return "VALUE_INVALID" if any(field != ["tsUtc"] for field, _ in broken) else None

    def cause_in_sense(self, found: dict[str, Any], mqtt_topic: str) -> str | None:
        if not self.validator.is_valid(found):
            return "TIMESTAMP_INVALID"
        try:
            at = instant(found["tsUtc"])
        except ValueError:
            return "TIMESTAMP_INVALID"
        if not self.first <= at <= self.last:
            return "TIMESTAMP_OUT_OF_POLICY"
        if not self.grammar.is_valid(mqtt_topic):
            return "TOPIC_NOT_IN_GRAMMAR"
        return "TOPIC_MISMATCH" if found["topic"] != mqtt_topic else None


def instant(ts: str) -> datetime:
    """`tsUtc` as an aware datetime, at microseconds. Raises ValueError where there is no such instant."""
    if ts[11:13] == "24":  # newer Pythons read 24:00 as the next midnight; the schema's readers elsewhere don't
        raise ValueError(ts)
    return datetime.fromisoformat(ts)


@lru_cache(maxsize=1)
def _released() -> Judge:
    return Judge(contracts())


def judge(mqtt_topic: str, payload: bytes) -> Valid | Rejected:
    """Valid, or Rejected with the first reason and detail that hold (contracts/reasons.yaml). Pure; never raises."""
    return _released()(mqtt_topic, payload)
