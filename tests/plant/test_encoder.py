"""Envelopes: valid by the bridge's own judge for any reading, values unchanged, counted per topic."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.errors import WrongUse
from acme_lib.plant import Reading
from acme_lib.plant.encoder import Encoder, iso_ms
from acme_lib.uns import Valid, judge

values = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False), st.booleans(), st.text(max_size=50), st.integers(-(2**53), 2**53)
)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(values, texts, texts, st.text(max_size=10), st.integers(946_684_800_000, 4_102_444_800_000))
def test_any_reading_is_a_valid_envelope_that_holds_it(
    value: float | int | str | bool, source: str, epoch: str, units: str, at_ms: int
) -> None:
    encoder = Encoder(source, epoch, extra=',"firmware":"2.4.1"')
    for seq in range(2):
        sent = encoder.encode(Reading(at_ms, "a/b/c/d/e", "tag_1", value, units, error_code="E1", quality="ERROR"))
        body = orjson.loads(sent.payload)
        assert judge(sent.topic, sent.payload) == Valid()
        assert (body["value"], body["units"], body["seq"], body["epoch"]) == (value, units, seq, epoch)
        assert type(body["value"]) is type(value)


def test_the_bytes_by_hand() -> None:
    sent = Encoder("gw-1", "e1", replayed=True).encode(Reading(0, "a/b/c/d/e", "t", 1.0, "Cel", ts_ms=1500))
    assert sent.payload == (
        b'{"messageId":"' + str(sent.expectation.message_id).encode() + b'","tsUtc":"1970-01-01T00:00:01.500Z",'
        b'"topic":"acme/a/b/c/d/e/t","value":1.0,"quality":"GOOD","units":"Cel","sourceSystem":"gw-1",'
        b'"lineageVersion":"1.0.0","schemaVersion":"1.0.0","epoch":"e1","seq":0,"replayed":true}'
    )
    assert sent.at_ms == 0


def test_a_number_json_can_t_hold_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match="no finite number"):
        Encoder("s", "e").encode(Reading(0, "a/b/c/d/e", "t", float("nan")))


def test_milliseconds_are_three_digits() -> None:
    assert iso_ms(1_764_000_000_007) == "2025-11-24T16:00:00.007Z"
