"""The edge's way to the broker: an outbox of any length, over slow, strict and broken connections, loses and reorders nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acme_lib.bridge.backoff import Backoff
from acme_lib.bridge.subscriber import Account
from acme_lib.monitoring.registry import metrics
from acme_lib.settings import Settings, load
from edge_service.live import Live, Store
from edge_service.live.line import WINDOW, Line

TOPIC = "acme/testbed/turbofan/fd001/test/engine-{:03d}/rul_prediction"


class Broker(threading.Thread):
    """MQTT 5 as far as the edge speaks it: CONNACK, SUBACK, PUBACK in order, and 0x93 past its Receive Maximum.

    `a_second`: how many it acknowledges; `cut_after`: publishes of a connection before it is cut, acknowledged or not.
    """

    def __init__(self, receive_maximum: int = 2_000, a_second: float = 1e9, cut_after: int = 1 << 60) -> None:
        super().__init__(daemon=True)
        self.receive_maximum, self.a_second, self.cut_after = receive_maximum, a_second, cut_after
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self.got: list[list[int]] = []  # numbers published, a list a connection
        self.most = self.ended = 0

    def run(self) -> None:
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            self.got.append([])
            with connection:
                try:
                    self._serve(connection)
                except OSError:
                    continue

    def _serve(self, connection: socket.socket) -> None:
        data, flight, acked_at = b"", list[bytes](), time.monotonic()
        connection.settimeout(0.005)
        while True:
            try:
                more = connection.recv(1 << 16)
                if not more:
                    return
                data += more
            except TimeoutError:
                pass
            for kind, body, rest in packets(data):
                data = rest
                if kind == 0x10:
                    connection.sendall(b"\x20\x06\x01\x00\x03\x21" + self.receive_maximum.to_bytes(2))
                elif kind == 0x80:
                    connection.sendall(b"\x90\x04" + body[:2] + b"\x00\x01")
                elif kind == 0x30:
                    at = 2 + int.from_bytes(body[:2])
                    flight.append(body[at : at + 2])
                    self.got[-1].append(int(body[at + 3 :]))
            self.most = max(self.most, len(flight))
            if len(flight) > self.receive_maximum:
                self.ended += 1
                connection.sendall(b"\xe0\x02\x93\x00")
                return
            if len(self.got[-1]) > self.cut_after:
                return
            due = int(min((time.monotonic() - acked_at) * self.a_second, len(flight)))
            if due:
                connection.sendall(b"".join(b"\x40\x02" + packet_id for packet_id in flight[:due]))
                del flight[:due]
            if due or not flight:
                acked_at = time.monotonic()

    def close(self) -> None:
        self._server.close()

    @property
    def first(self) -> list[int]:
        """Each number once, as it first came."""
        return list(dict.fromkeys(n for connection in self.got for n in connection))


def packets(data: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Whole packets at the head of `data`: kind, what follows the length, and what follows the packet."""
    while len(data) >= 3:  # the edge's packets here are shorter than two bytes of length can say
        length, at = (data[1], 2) if data[1] < 128 else (data[1] & 0x7F | data[2] << 7, 3)
        if len(data) < at + length:
            return
        kind, body, data = data[0] & 0xF0, data[at : at + length], data[at + length :]
        yield kind, body, data


@pytest.fixture
def brokers() -> Iterator[Callable[..., Broker]]:
    made: list[Broker] = []

    def start(**over: Any) -> Broker:
        made.append(Broker(**over))
        made[-1].start()
        return made[-1]

    yield start
    for broker in made:
        broker.close()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reconnects do not wait."""

    class Eager(Line):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            self._policy = Backoff(first_s=0.01, most_s=0.02)

    monkeypatch.setattr("edge_service.live.loop.Line", Eager)


def until(wanted: Callable[[], bool], within_s: float = 20.0) -> None:
    deadline = time.monotonic() + within_s
    while not wanted():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def place(home: Path, broker: Broker, waiting: int) -> Settings:
    """An edge whose outbox holds `waiting` predictions, of three machines in turn."""
    settings = load(home=home, broker={"host": "127.0.0.1", "port": broker.port})
    store = Store(settings.edge_dir / "live.db")
    store.save({}, [(TOPIC.format(n % 3), b"%d" % n) for n in range(1, waiting + 1)], [])
    store.close()
    return settings


def drained(settings: Settings, slots: Any) -> list[tuple[int, str, bytes]]:
    """Lets the live path run until its outbox is empty; what it then holds."""
    metrics.set("acme_edge_outbox", -1)
    live, told = Live(settings, slots), threading.Event()
    thread = threading.Thread(target=live.run, args=(told,), daemon=True)
    thread.start()
    try:
        until(lambda: metrics.value("acme_edge_outbox") == 0)
    finally:
        told.set()
        thread.join(10)
    store = Store(settings.edge_dir / "live.db")
    left = store.unsent()
    store.close()
    return left


@pytest.fixture
def slots(shop: Any) -> Any:
    shop.make(3)
    found = shop.slots()
    found.look()
    return found


CASES = {
    "a restart with 5,000": (5_000, {}),
    "slow acknowledgements": (2_000, {"a_second": 1_500.0}),
    "cut again and again": (5_000, {"cut_after": 750}),
    "cut before most is acknowledged": (600, {"cut_after": 150, "a_second": 2_000.0}),
    "a broker that takes few": (2_000, {"receive_maximum": 10, "cut_after": 500}),
    "more than packet ids, with reconnects": (70_000, {"cut_after": 30_000}),
}


@pytest.mark.parametrize("name", CASES)
def test_every_row_of_the_outbox_reaches_the_broker_in_order_within_the_window(
    tmp_path: Path, slots: Any, brokers: Any, name: str
) -> None:
    waiting, over = CASES[name]
    broker = brokers(**over)
    assert drained(place(tmp_path, broker, waiting), slots) == []
    assert broker.first == list(range(1, waiting + 1))
    assert all(numbers == list(range(numbers[0], numbers[-1] + 1)) for numbers in broker.got if numbers)
    assert broker.most <= min(WINDOW, broker.receive_maximum)
    assert broker.ended == 0
    if "cut_after" in over:
        # a connection is cut once a read is done, which may hold a window more
        assert len(broker.got) > waiting // (over["cut_after"] + WINDOW + 1)


def connected(broker: Broker) -> Line:
    found = Line(Account("127.0.0.1", broker.port, "edge-1", "edge-1"), ["acme/#"], lambda _: None)
    until(lambda: found.poll(0.02, 100) is None and found.connected)
    return found


def test_what_was_under_way_goes_again_before_what_is_newer(brokers: Any) -> None:
    broker = brokers(a_second=0.0)
    edge = connected(broker)
    assert all(edge.send(n, "acme/x", b"%d" % n) for n in range(1, 6))
    assert (edge.last, edge.waiting, edge.room) == (5, 5, WINDOW - 5)
    until(lambda: edge.poll(0.02, 100) is None and broker.got == [[1, 2, 3, 4, 5]])
    edge._client.stream.ended = True  # type: ignore[union-attr]
    edge.poll(0.02, 100)
    assert edge.room == 0, "nothing is handed over while there is no connection"
    until(lambda: edge.poll(0.02, 100) is None and edge.connected)
    assert (edge.last, edge.waiting, edge.room) == (0, 0, WINDOW)
    assert broker.got == [[1, 2, 3, 4, 5], []], "paho sends nothing by itself"
    edge.close()


def test_what_paho_does_not_take_is_not_under_way(brokers: Any) -> None:
    """Its packet id is in use: the acknowledgement of the one before must not stand for it."""
    broker = brokers(a_second=0.0)
    edge = connected(broker)
    assert edge.send(1, "acme/x", b"1")
    edge._client._last_mid -= 1
    assert not edge.send(2, "acme/x", b"2")
    assert (edge.last, edge.waiting) == (1, 1)
    broker.a_second = 1e9
    until(lambda: edge.poll(0.02, 100) is None and not edge.waiting)
    assert edge.acknowledged() == [1]
    edge.close()
