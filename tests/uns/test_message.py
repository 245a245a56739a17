"""Identity, stamp and dead letter of a message."""

from __future__ import annotations

import base64
import json
import uuid
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from acme_lib.uns import Rejected, dead_letter, message_id, stamp

TOPIC = "acme/dallas/drying/line-1/cell-a/dryer-01/vibration_de"


@given(st.text(), st.text(), st.integers(min_value=0))
def test_message_id_is_the_uuid5_of_the_four_joined_by_unit_separators(source: str, epoch: str, seq: int) -> None:
    source, epoch = (t.encode("utf-8", "replace").decode() for t in (source, epoch))
    namespace = uuid.uuid5(uuid.NAMESPACE_URL, "urn:acme:message")
    assert message_id(source, TOPIC, epoch, seq) == str(
        uuid.uuid5(namespace, "\x1f".join([source, TOPIC, epoch, str(seq)]))
    )


def test_stamp_keeps_the_publishers_bytes_and_ends_as_agreed() -> None:
    payload = b'{ "value" : 1e0, "units":"\xc2\xb0C" }\n'
    stamped = stamp(payload, 1_795_561_200_007, "bridge-1", 123)
    assert stamped == (
        b'{ "value" : 1e0, "units":"\xc2\xb0C" ,"receivedUtc":"2026-11-24T23:00:00.007Z","bridgeId":"bridge-1","bridgeSeq":123}'
    )


def test_stamp_stands_in_the_outer_object() -> None:
    assert json.loads(stamp(b'{"a":{"b":{}}}', 0, "b", 7)) == {
        "a": {"b": {}},
        "receivedUtc": "1970-01-01T00:00:00.000Z",
        "bridgeId": "b",
        "bridgeSeq": 7,
    }


def test_stamp_escapes_a_bridge_name() -> None:
    assert json.loads(stamp(b'{"a":1}', 0, 'b"1', 0))["bridgeId"] == 'b"1'


def test_dead_letter_carries_the_original_bytes_or_a_claim_check() -> None:
    payload = b"\xff not json"
    letter = json.loads(dead_letter(Rejected("SCHEMA_INVALID", "NOT_UTF8"), TOPIC, payload, 7, "bridge-1", 9, None))
    assert base64.b64decode(letter.pop("original")) == payload
    assert letter == {
        "reason": "SCHEMA_INVALID",
        "detail": "NOT_UTF8",
        "topic": TOPIC,
        "receivedUtc": "1970-01-01T00:00:00.007Z",
        "bridgeId": "bridge-1",
        "bridgeSeq": 9,
        "originalBytes": 10,
        "sha256": sha256(payload).hexdigest(),
        "encoding": "base64",
    }
    checked = json.loads(
        dead_letter(Rejected("SIZE_EXCEEDED", "PAYLOAD_OVER_LIMIT"), TOPIC, payload, 7, "b", 9, "dlq/x")
    )
    assert checked["claimCheck"] == "dlq/x"
    assert "original" not in checked
