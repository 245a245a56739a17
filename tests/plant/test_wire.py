"""MQTT packets: whole whatever the pieces they come in, and the ones of the specification byte by byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from acme_lib.plant import wire

packets = st.lists(st.tuples(st.sampled_from([wire.PUBACK, wire.PINGRESP, wire.CONNACK]), st.binary(max_size=400)))


@given(packets, st.data())
def test_packets_survive_any_cut(sent: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(bytes([kind]) + wire._length(len(body)) + body for kind, body in sent)
    parser, found = wire.Parser(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += parser.feed(stream[:size])
        stream = stream[size:]
    assert found == sent


def test_publish_is_the_specification_s_bytes() -> None:
    # DUP 0, QoS 1, retain 0; topic a/b, packet id 10, no properties, payload xy
    assert wire.publish(b"a/b", b"xy", 10) == b"\x32\x0a\x00\x03a/b\x00\x0a\x00xy"
    assert wire.publish(b"a/b", b"xy", 10, again=True)[0] == 0x3A


def test_long_payload_has_a_long_length() -> None:
    # 300 + 8 = 308 = 2 * 128 + 52
    assert wire.publish(b"a/b", b"x" * 300, 1)[:3] == bytes([0x32, 52 | 0x80, 2])


def test_connect_names_user_and_password() -> None:
    expected = b"\x10\x19\x00\x04MQTT\x05\xc2\x00\x1e\x00\x00\x02id\x00\x04user\x00\x02pw"
    assert wire.connect("id", "user", "pw", 30) == expected


def test_connack_limits_are_found_among_other_properties() -> None:
    properties = b"\x12\x00\x02id" + b"\x21\x00\x0a" + b"\x26\x00\x01k\x00\x01v" + b"\x27\x00\x00\x10\x00" + b"\x24\x01"
    found = wire.connack(b"\x00\x00" + bytes([len(properties)]) + properties)
    assert (found.code, found.receive_maximum, found.maximum_packet_size) == (0, 10, 4096)
