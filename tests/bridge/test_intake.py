"""What becomes of a batch: mapped, judged, stamped, counted; every rejected message keeps its bytes."""

from __future__ import annotations

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.bridge.intake import Intake
from acme_lib.bridge.mapping import Mapping, matches
from acme_lib.bridge.stream import Publish
from acme_lib.contracts import contracts

TOPIC = "acme/plant-a/press/line-1/cell-1/pump-001/vibration"
NOW = 1_780_000_000_000
BODY = {
    "messageId": "6f9619ff-8b86-5011-b42d-00c04fc964ff", "tsUtc": "2026-05-28T20:26:40.000Z", "topic": TOPIC, "value": 1.5,
    "quality": "GOOD", "units": "mm/s", "sourceSystem": "plc", "lineageVersion": "1.0.0", "schemaVersion": "1.0.0",
}  # fmt: skip


def message(topic: str = TOPIC, raw: bytes | None = None, **over: object) -> Publish:
    return Publish(topic, raw if raw is not None else json.dumps({**BODY, "topic": topic, **over}).encode(), 1)


@pytest.fixture
def intake() -> Intake:
    return Intake(Mapping(contracts().bridge), "bridge-1")


def test_a_valid_message_goes_to_the_hub_under_its_topic_with_its_number(intake: Intake) -> None:
    taken = intake.take([message(value=1), message(value=2)], 41, NOW)
    assert [(e.hub, e.key) for e in taken.entries] == [("telemetry", TOPIC)] * 2
    assert [json.loads(e.body)["bridgeSeq"] for e in taken.entries] == [41, 42]
    assert json.loads(taken.entries[0].body)["receivedUtc"] == "2026-05-28T20:26:40.000Z"
    assert taken.counts == {}


def test_a_rejected_message_travels_to_the_dead_letter_hub_with_its_bytes(intake: Intake) -> None:
    raw = b"\xff\x00 not json"
    taken = intake.take([message(), message(raw=raw)], 1, NOW)
    letter = json.loads(taken.entries[1].body)
    assert taken.entries[1].hub == "telemetry-dlq"
    assert (letter["reason"], letter["detail"], letter["bridgeSeq"]) == ("SCHEMA_INVALID", "NOT_UTF8", 2)
    assert base64.b64decode(letter["original"]) == raw
    assert taken.counts == {"dead_lettered/SCHEMA_INVALID/NOT_UTF8": 1}


def test_an_unknown_flag_is_a_dead_letter_and_a_warning(intake: Intake) -> None:
    taken = intake.take([message(quality="FINE")], 1, NOW)
    assert taken.counts == {"dead_lettered/UNKNOWN_FLAG/FLAG_NOT_IN_TAXONOMY": 1, "unknown_flag_warnings": 1}


def test_an_original_too_large_for_the_hub_becomes_a_claim_check(intake: Intake) -> None:
    raw = b"x" * (contracts().bridge.claim_check_over_bytes + 1)
    taken = intake.take([message(raw=raw)], 1, NOW)
    letter = json.loads(taken.entries[0].body)
    assert taken.claims == {letter["sha256"]: raw}
    assert letter["claimCheck"] == f"Files/dlq/{letter['sha256']}"
    assert "original" not in letter
    at_limit = intake.take([message(raw=raw[:-1])], 1, NOW)
    assert at_limit.claims == {}


def test_an_excluded_topic_takes_no_number(intake: Intake) -> None:
    out = message("acme/plant-a/press/line-1/cell-1/pump-001/debug_trace")
    taken = intake.take([out, message()], 5, NOW)
    assert [json.loads(e.body)["bridgeSeq"] for e in taken.entries] == [5]
    assert taken.counts == {"excluded": 1}


def test_keys_by_equipment() -> None:
    by_equipment = msgspec.structs.replace(contracts().bridge, partition_key="equipment")
    assert Mapping(by_equipment).key(TOPIC) == TOPIC.rpartition("/")[0]


@given(st.binary(max_size=200))
def test_any_bytes_end_as_one_entry_that_holds_them(raw: bytes) -> None:
    taken = Intake(Mapping(contracts().bridge), "bridge-1").take([message(raw=raw)], 1, NOW)
    assert base64.b64decode(json.loads(taken.entries[0].body)["original"]) == raw


@pytest.mark.parametrize(
    ("wanted", "topic", "yes"),
    [
        ("acme/#", "acme", True),
        ("acme/#", "acme/a/b", True),
        ("acme/#", "acmex", False),
        ("acme/+/b", "acme/a/b", True),
        ("acme/+", "acme", False),
        ("acme/+", "acme/", True),
        ("acme/+", "acme/a/b", False),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
    ],
)
def test_filters_match_as_mqtt_says(wanted: str, topic: str, yes: bool) -> None:
    assert matches(wanted, topic) is yes
