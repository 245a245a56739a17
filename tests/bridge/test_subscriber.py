"""The subscriber says when the broker knew no session of ours, before any message of the new one."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from acme_lib.bridge.stream import Batch
from acme_lib.bridge.subscriber import Account, Subscriber


class OneConnection:
    """A broker that answers one CONNECT, then sends a message at QoS 0."""

    def __init__(self, session_present: bool) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.present, self.client = session_present, None
        self.server.settimeout(5)

    def answer(self) -> None:
        self.client, _ = self.server.accept()
        self.client.settimeout(5)
        self.client.recv(1 << 16)
        self.client.sendall(bytes([0x20, 3, self.present, 0, 0]) + b"\x30\x05\x00\x01t\x00x")


@pytest.fixture(params=[False, True], ids=["forgotten", "kept"])
def broker(request: pytest.FixtureRequest) -> Iterator[OneConnection]:
    found = OneConnection(request.param)
    yield found
    found.server.close()
    if found.client:
        found.client.close()


def test_a_session_that_begins_anew_is_said_once_with_what_came_first(broker: OneConnection) -> None:
    subscriber = Subscriber(Account("127.0.0.1", broker.server.getsockname()[1], "bridge-1", "bridge-1"), ["acme/#"])
    batches: list[Batch] = []
    subscriber.poll(0.01, 10)  # connects
    broker.answer()
    until = time.monotonic() + 5
    while not any(b.publishes for b in batches) and time.monotonic() < until:
        if batch := subscriber.poll(0.01, 10):
            batches.append(batch)
    subscriber.close()
    assert [p.payload for b in batches for p in b.publishes] == [b"x"]
    assert [b.new_session for b in batches].count(True) == (not broker.present)
    assert batches[0].new_session is not broker.present
