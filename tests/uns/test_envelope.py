"""The judge: every vector, the table of reasons, the oracle, and any bytes at all."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_lib.contracts import contracts
from acme_lib.uns import Rejected, Valid, envelope, judge
from tests.uns.vectors import payload, vectors

TOPIC = "acme/dallas/drying/line-1/cell-a/dryer-01/vibration_de"
ROWS = vectors()
DEFAULT = json.loads(payload(ROWS[0]))
TABLE = [(r.code, d.code) for r in contracts().reasons.reasons for d in r.details]


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r["name"])
def test_vector(row: dict[str, Any]) -> None:
    expected = Valid() if row["verdict"] == "valid" else Rejected(row["reason"], row["detail"])
    assert judge(row["topic"], payload(row)) == expected


def test_every_reason_and_detail_has_a_vector_and_no_other() -> None:
    assert {(r["reason"], r["detail"]) for r in ROWS if r["verdict"] == "rejected"} == set(TABLE)


def test_flags_of_schema_and_taxonomy_are_the_same() -> None:
    enum = contracts().envelope_schema["properties"]["quality"]["enum"]
    assert enum == [flag.code for flag in contracts().quality.flags]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def oracle() -> jsonschema.Draft202012Validator:
    """python jsonschema over the same schema. Its `$` lets a newline pass, the schema's (ECMA 262) does not."""
    text = json.dumps(envelope.publisher_schema(contracts())).replace('$"', '\\\\Z"')
    return jsonschema.Draft202012Validator(json.loads(text))


ORACLE = oracle()


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*contracts().envelope_schema["properties"], "x"]), json_values, max_size=3))
def test_compiled_schema_agrees_with_the_oracle(over: dict[str, Any]) -> None:
    try:
        found = orjson.loads(json.dumps({**DEFAULT, **over}))
    except ValueError:
        return  # NaN, a lone surrogate: no JSON
    fits = envelope._released().validator.is_valid(found)
    assert fits == ORACLE.is_valid(found)
    if not fits:
        assert isinstance(judge(TOPIC, orjson.dumps(found)), Rejected)


@settings(deadline=None)
@given(st.binary(max_size=300) | json_values.map(lambda v: json.dumps(v).encode()))
def test_any_bytes_end_in_a_row_of_the_table(data: bytes) -> None:
    verdict = judge(TOPIC, data)
    assert isinstance(verdict, Rejected)
    assert (verdict.reason, verdict.detail) in TABLE


HUGE = [b"[" * 200_000, b'{"a":' * 40_000, b'"' + b"\\" * 200_001, b"9" * 262_144, b"-" * 262_144, b'"' * 262_144]


@pytest.mark.parametrize("data", HUGE, ids=[h[:3].decode() for h in HUGE])
def test_huge_nonsense_ends_in_the_table_too(data: bytes) -> None:
    verdict = judge(TOPIC, data)
    assert isinstance(verdict, Rejected)
    assert (verdict.reason, verdict.detail) in TABLE


@settings(deadline=None)
@given(st.integers(0, 400), st.integers(0, 400), st.binary(max_size=3))
def test_a_damaged_envelope_never_raises(start: int, length: int, patch: bytes) -> None:
    text = orjson.dumps(DEFAULT)
    judge(TOPIC, text[:start] + patch + text[start + length :])


@settings(deadline=None)
@given(st.text())
def test_any_topic_is_judged(topic: str) -> None:
    judge(topic, orjson.dumps(DEFAULT))


@settings(deadline=None)
@given(st.data())
def test_where_several_faults_meet_the_first_of_the_table_is_named(data: st.DataObject) -> None:
    faults: dict[str, dict[str, Any]] = {
        "RESERVED_FIELD": {"bridgeId": "b"},
        "UNITS_MISSING": {"units": None},
        "LINEAGE_VERSION_MISSING": {"lineageVersion": None},
        "FLAG_NOT_IN_TAXONOMY": {"quality": "BAD"},
        "SCHEMA_VERSION_UNKNOWN": {"schemaVersion": "9.0.0"},
        "TYPE_MISMATCH": {"replayed": 1},
        "VALUE_INVALID": {"messageId": "x"},
        "TIMESTAMP_INVALID": {"tsUtc": "2026-13-01T00:00:00Z"},
        "TOPIC_MISMATCH": {"topic": "other"},
    }
    chosen = data.draw(st.lists(st.sampled_from(list(faults)), min_size=1, unique=True))
    message: dict[str, Any] = dict(DEFAULT)
    for name in chosen:
        message |= faults[name]
    verdict = judge(TOPIC, orjson.dumps(message))
    assert isinstance(verdict, Rejected)
    assert verdict.detail == min(chosen, key=list(faults).index)


def test_text_that_only_one_reader_takes_is_not_json(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: bytes) -> None:
        raise ValueError("no")

    monkeypatch.setattr(envelope.orjson, "loads", refuses)
    assert judge(TOPIC, b'{"a":1}') == Rejected("SCHEMA_INVALID", "NOT_JSON")
