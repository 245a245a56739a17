"""Messages that are wrong in exactly one way: a breaker for every detail of contracts/reasons.yaml."""

from __future__ import annotations

from collections.abc import Callable

import orjson

from acme_lib.contracts import Contracts, contracts
from acme_lib.plant.message import Expectation, Outgoing

__all__ = ["BREAKERS", "broken", "details"]

Broken = tuple[str, bytes]  # MQTT topic, payload
Breaker = Callable[[str, bytes, int], Broken]  # topic and payload of a valid message, how often this one was used


def details(facts: Contracts | None = None) -> list[tuple[str, str]]:
    """(reason, detail) of every row of the table of rejections."""
    return [(r.code, d.code) for r in (facts or contracts()).reasons.reasons for d in r.details]


def broken(message: Outgoing, reason: str, detail: str, used: int) -> Outgoing:
    """`message` made wrong in one way. It takes no sequence number: a rejected message leaves no gap."""
    topic, payload = BREAKERS[detail](message.topic, message.payload, used)
    expected = Expectation("malformed", message.expectation.source_system, reason=reason, detail=detail)
    return Outgoing(message.at_ms, topic, payload, expected)


def _with(**members: object) -> Breaker:
    def change(topic: str, payload: bytes, _used: int) -> Broken:
        return topic, orjson.dumps(orjson.loads(payload) | members)

    return change


def _without(field: str) -> Breaker:
    """The field absent, every other time null."""

    def remove(topic: str, payload: bytes, used: int) -> Broken:
        body = orjson.loads(payload)
        if used % 2:
            body[field] = None
        else:
            del body[field]
        return topic, orjson.dumps(body)

    return remove


def _added(member: str) -> Breaker:
    return lambda topic, payload, _used: (topic, payload[:-1] + b"," + member.encode() + b"}")


def _over_limit(topic: str, payload: bytes, used: int) -> Broken:
    """One byte too many; every other time so many that the bridge must leave a claim check."""
    most = contracts().reasons.max_payload_bytes
    size = contracts().bridge.claim_check_over_bytes + 1 if used % 2 else most + 1
    head = payload[:-1] + b',"blob":"'
    return topic, head + b"x" * (size - len(head) - 2) + b'"}'


def _too_deep(topic: str, payload: bytes, _used: int) -> Broken:
    depth = contracts().reasons.max_depth
    return topic, payload[:-1] + b',"nested":' + b"[" * depth + b"]" * depth + b"}"


def _out_of_range(topic: str, payload: bytes, _used: int) -> Broken:
    head, rest = payload.split(b'"value":', 1)
    return topic, head + b'"value":1e400,"quality"' + rest.split(b',"quality"', 1)[1]


def _out_of_policy(topic: str, payload: bytes, used: int) -> Broken:
    return _with(tsUtc="2199-01-01T00:00:00.000Z" if used % 2 else "1970-01-01T00:00:00.000Z")(topic, payload, used)


def _wrong_case(topic: str, payload: bytes, used: int) -> Broken:
    parts = topic.split("/")
    wrong = "/".join([*parts[:-1], parts[-1].title().replace("_", "")])
    return wrong, _with(topic=wrong)(topic, payload, used)[1]


BREAKERS: dict[str, Breaker] = {
    "PAYLOAD_OVER_LIMIT": _over_limit,
    "NOT_UTF8": lambda topic, payload, _: (topic, payload[:-1] + b',"operator":"J\xf6rg"}'),  # Latin-1
    "NOT_JSON": lambda topic, payload, _: (topic, payload[: len(payload) // 2]),
    "LONE_SURROGATE": _added('"operator":"\\ud800"'),
    "TOO_DEEP": _too_deep,
    "NUMBER_OUT_OF_RANGE": _out_of_range,
    "NOT_OBJECT": lambda topic, payload, _: (topic, b"[" + payload + b"]"),
    "DUPLICATE_KEY": _added('"quality":"GOOD"'),
    "RESERVED_FIELD": _added('"bridgeSeq":1'),
    "MESSAGE_ID_MISSING": _without("messageId"),
    "TS_UTC_MISSING": _without("tsUtc"),
    "TOPIC_MISSING": _without("topic"),
    "VALUE_MISSING": _without("value"),
    "QUALITY_MISSING": _without("quality"),
    "UNITS_MISSING": _without("units"),
    "SOURCE_SYSTEM_MISSING": _without("sourceSystem"),
    "LINEAGE_VERSION_MISSING": _without("lineageVersion"),
    "SCHEMA_VERSION_MISSING": _without("schemaVersion"),
    "FLAG_NOT_IN_TAXONOMY": _with(quality="UNCERTAIN"),
    "SCHEMA_VERSION_UNKNOWN": _with(schemaVersion="9.0.0"),
    "TYPE_MISMATCH": _with(value={"raw": 1}),
    "VALUE_INVALID": _with(messageId="42"),
    "TIMESTAMP_INVALID": _with(tsUtc="2026-13-01T00:00:00.000Z"),
    "TIMESTAMP_OUT_OF_POLICY": _out_of_policy,
    "TOPIC_NOT_IN_GRAMMAR": _wrong_case,
    "TOPIC_MISMATCH": lambda topic, payload, used: (topic, _with(topic=topic + "_2")(topic, payload, used)[1]),
}
