"""The AMQP codec of the door: goldens by hand from the specification, and laws."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.eventhubs.local.amqp import frames, sections, types
from acme_lib.eventhubs.local.amqp.types import Described, Malformed, Symbol

GOLDEN = [  # type, value, bytes as the specification writes them
    ("null", None, "40"),
    ("boolean", True, "41"),
    ("ubyte", 7, "5007"),
    ("ushort", 258, "600102"),
    ("uint", 1, "7000000001"),
    ("ulong", 1 << 40, "800000010000000000"),
    ("int", -1, "71ffffffff"),
    ("long", -2, "81fffffffffffffffe"),
    ("timestamp", 1, "830000000000000001"),
    ("string", "é", "a102c3a9"),
    ("symbol", "amqp:x", "a306616d71703a78"),
    ("binary", b"\x00\x01", "a0020001"),
    ("map", {"a": 1}, "d1000000100000000 2a1016181 0000000000000001".replace(" ", "")),
]


@pytest.mark.parametrize(("kind", "value", "golden"), GOLDEN, ids=[g[0] for g in GOLDEN])
def test_values_are_written_as_the_specification_says(kind, value, golden):
    assert types.encode(kind, value).hex() == golden
    assert types.read(bytes.fromhex(golden)) == (value, len(golden) // 2)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        ("43", 0), ("44", 0), ("52ff", 255), ("5307", 7), ("54ff", -1), ("55fe", -2), ("5601", True), ("45", []),
        ("98" + "00" * 15 + "01", UUID(int=1)), ("723f800000", 1.0), ("823ff0000000000000", 1.0), ("7300000041", "A"),
        ("c00302 5001".replace(" ", "") + "41", [1, True]), ("c10502a10161 41".replace(" ", ""), {"a": True}),
        ("e00602a3 0161 0162".replace(" ", ""), ["a", "b"]), ("005370c0 0101".replace(" ", ""), Described(0x70, [])),
        ("b10000000161", "a"), ("b30000000161", Symbol("a")), ("b00000000161", b"a"),
    ],
)  # fmt: skip
def test_every_encoding_is_read(raw, value):
    if raw == "005370c00101":
        raw = "005370c00100"
    assert types.read(bytes.fromhex(raw))[0] == value


@pytest.mark.parametrize("raw", ["", "a105", "70ff", "ff", "c0ff01", "a102c328", "f0000000050000000941", "00" * 60])
def test_bytes_that_are_not_amqp_are_malformed(raw):
    with pytest.raises(Malformed):
        types.read(bytes.fromhex(raw))


def test_a_disposition_has_all_its_fields():
    frame = frames.encode_frame(3, "disposition", role=True, first=5, last=5, settled=True, state=types.described(0x24))
    # size, offset 2, type 0, channel 3; described list 0x15 of six fields: true, 5, 5, true, accepted, null
    golden = "0000 002d 02 00 0003 005315 d0 0000001d 00000006 41 7000000005 7000000005 41 005324 d00000000400000000 40"
    body = bytes.fromhex(golden.replace(" ", ""))
    assert frame == body
    decoded = frames.decode_frame(frame[8:])
    assert (decoded.kind, decoded.first, decoded.settled, decoded.batchable) == ("disposition", 5, True, None)


def test_a_frame_with_an_unknown_field_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="no field nope"):
        frames.encode_frame(0, "begin", nope=1)


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 50))
def test_frames_come_out_whole_however_the_stream_is_cut(payloads, step):
    stream = frames.HEADER_AMQP + b"".join(frames.encode_frame(1, "transfer", p, handle=0) for p in payloads)
    buffer, found = bytearray(), []
    for at in range(0, len(stream), step):
        buffer += stream[at : at + step]
        found += list(frames.split(buffer, 1 << 16))
    assert found[0] == (-1, frames.HEADER_AMQP)
    assert [frames.decode_frame(body).payload for _, body in found[1:]] == payloads
    assert not buffer


@pytest.mark.parametrize("head", ["00000004", "00100001", "00000008 01"])
def test_a_frame_of_an_impossible_size_is_malformed(head):
    with pytest.raises(Malformed):
        list(frames.split(bytearray(bytes.fromhex(head.replace(" ", "")).ljust(8, b"\0")), 1 << 20))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_malformed(raw):
    for step in (types.read, lambda r: sections.events(r, None), lambda r: sections.events(r, sections.batch_format)):
        try:
            step(raw)
        except Malformed:
            continue


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=300) | st.binary(max_size=300),
    lambda inner: st.dictionaries(st.text(max_size=8), inner, max_size=4).map(lambda m: m),
    max_leaves=1,
)


@given(st.dictionaries(st.text(max_size=300), plain.filter(lambda v: not isinstance(v, dict)), max_size=6))
def test_maps_of_plain_values_survive_the_way(value):
    assert types.read(types.encode("map", value))[0] == value


def message(body: bytes, key: str | None = None) -> bytes:
    head = b"" if key is None else b"\x00\x53\x72" + types.encode("map", {Symbol("x-opt-partition-key"): key})
    return head + b"\x00\x53\x75" + types.encode("binary", body)


@given(st.lists(st.binary(max_size=600), max_size=8), st.none() | st.text(min_size=1, max_size=20))
def test_bodies_and_key_come_out_of_a_batch(bodies, key):
    batch = message(b"", key)[:-5] if key is not None else b""
    batch += b"".join(b"\x00\x53\x75" + types.encode("binary", message(b)) for b in bodies)
    found, given_key = sections.events(batch, sections.batch_format)
    assert [e.body for e in found] == bodies
    assert given_key == key


def test_a_single_event_gives_its_key_and_joins_its_data_sections():
    raw = message(b"a", "k1") + b"\x00\x53\x75" + types.encode("binary", b"b")
    assert sections.events(raw, 0) == ([sections.Event(b"ab", "k1")], "k1")


def test_properties_are_dropped_and_a_string_value_is_its_bytes():
    raw = b"\x00\x53\x74" + types.encode("map", {"p": 1}) + b"\x00\x53\x77" + types.encode("string", "ä")
    assert sections.events(raw, 0)[0] == [sections.Event("ä".encode(), None)]


def test_a_response_answers_the_id_it_was_asked_with():
    asked = b"\x00\x53\x73\xc0\x12\x01\x98" + UUID(int=9).bytes
    answer = sections.response(sections.message_id(asked), 202, "Accepted", types.encode("null", None))
    (_, at, _), (_, props, _), _ = sections.sections(answer)
    assert types.read(answer, at)[0][5] == UUID(int=9)
    assert types.read(answer, props)[0]["status-code"] == 202
