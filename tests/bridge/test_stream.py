"""The stream splits packets rightly whatever pieces the socket gives, and never writes into a packet of paho's."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.bridge.stream import Publish, Stream


def length(size: int) -> bytes:
    out = bytearray()
    while True:
        size, low = size >> 7, size & 0x7F
        out.append(low | (0x80 if size else 0))
        if not size:
            return bytes(out)


def publish(topic: str, payload: bytes, packet_id: int, properties: bytes = b"") -> bytes:
    raw = topic.encode()
    number = packet_id.to_bytes(2) if packet_id else b""
    body = len(raw).to_bytes(2) + raw + number + length(len(properties)) + properties + payload
    return bytes([0x32 if packet_id else 0x30]) + length(len(body)) + body


class Pieces:
    """A socket that gives what it was given, piece by piece."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def recv(self, _: int) -> bytes:
        if not self.pieces:
            raise BlockingIOError
        return self.pieces.pop(0)


PACKETS = st.lists(
    st.tuples(
        st.text("abc/é", min_size=1, max_size=20),
        st.binary(max_size=400),
        st.integers(0, 65_535),
        st.sampled_from([b"", b"\x01\x01", b"\x26\x00\x01k\x00\x01v" * 30]),
    ),
    max_size=8,
)


@given(PACKETS, st.data())
def test_any_pieces_give_the_same_messages_and_leave_paho_its_own(
    packets: list[tuple[str, bytes, int, bytes]], data: st.DataObject
) -> None:
    ping = b"\xd0\x00"
    raw = b"".join(publish(*p) + ping for p in packets)
    pieces, at = [], 0
    while at < len(raw):
        size = data.draw(st.integers(1, 300))
        pieces.append(raw[at : at + size])
        at += size
    stream = Stream(Pieces(pieces))  # type: ignore[arg-type]
    assert stream.read(10_000) == [Publish(t, p, n) for t, p, n, _ in packets]
    assert stream.has_control == bool(packets)
    if packets:
        assert stream.recv(10_000) == ping * len(packets)


@pytest.fixture
def pair() -> Iterator[tuple[Stream, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    yield Stream(ours), theirs
    ours.close()
    theirs.close()


def test_acknowledgements_leave_in_order_in_one_write(pair: tuple[Stream, socket.socket]) -> None:
    stream, other = pair
    stream.ack([3, 1, 515])
    assert other.recv(100) == b"\x40\x02\x00\x03\x40\x02\x00\x01\x40\x02\x02\x03"


def test_what_a_full_socket_did_not_take_goes_first_next_time(pair: tuple[Stream, socket.socket]) -> None:
    stream, other = pair
    large = b"\xc0\x00" * 2_000_000
    assert stream.send(large) == len(large)  # paho's packet is ours now, whole
    assert stream.wants_write
    stream.ack([7])
    got = bytearray()
    while stream.wants_write:
        got += other.recv(1 << 20)
        stream.flush()
    other.setblocking(False)
    while len(got) < len(large) + 4:
        got += other.recv(1 << 20)
    assert got == large + b"\x40\x02\x00\x07"


def test_the_end_of_the_connection_reaches_paho_after_its_last_packet(pair: tuple[Stream, socket.socket]) -> None:
    stream, other = pair
    other.sendall(b"\xe0\x01\x8e")
    other.close()
    assert stream.read(10) == []
    assert stream.ended
    assert stream.recv(10) == b"\xe0\x01\x8e"
    assert stream.recv(10) == b""


def test_large_messages_come_a_few_at_a_time_and_each_of_them_whole() -> None:
    sent = [publish("t", bytes([n]) * 3_000, n + 1) for n in range(6)]
    raw = b"".join(sent)
    stream = Stream(Pieces([raw[at : at + 500] for at in range(0, len(raw), 500)]))  # type: ignore[arg-type]
    drains = []
    while sum(map(len, drains)) < 6:
        drains.append(stream.read(2_000, most_bytes=4_000))
    assert max(map(len, drains)) == 2
    assert [p.payload for d in drains for p in d] == [bytes([n]) * 3_000 for n in range(6)]
    stream._sock.pieces = [publish("t", bytes(9_000), 9)[at : at + 500] for at in range(0, 9_100, 500)]  # type: ignore[union-attr]
    drains = [stream.read(2_000, most_bytes=4_000) for _ in range(4)]
    assert [len(p.payload) for d in drains for p in d] == [9_000]
