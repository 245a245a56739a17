"""A broker small enough to misbehave on purpose, and where the public data lies."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest


class SmallBroker:
    """Takes MQTT v5 publishes at QoS 1 on `port` and records them in order. `cut_after`: closes each connection after so many publishes, acknowledging only half of them.

    `refuse_connect` and `deny` are reason codes; `deny` holds topics. With `tls` it notes the common name of each certificate shown.
    """

    def __init__(
        self, *, cut_after: list[int] | None = None, deny: str = "", refuse_connect: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:  # fmt: skip
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.cuts, self.deny, self.refuse_connect = list(cut_after or []), deny, refuse_connect
        self.received: list[tuple[str, bytes]] = []
        self.connections, self.tls, self.shown = 0, tls, list[str]()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the thread's accept
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection, suppress(OSError, ValueError):  # a client that leaves in the middle is no news
                self._talk(self._secured(connection) if self.tls else connection)

    def _secured(self, connection: socket.socket) -> socket.socket:
        assert self.tls is not None
        secured = self.tls.wrap_socket(connection, server_side=True)
        subject: Any = secured.getpeercert()["subject"]  # type: ignore[index]
        self.shown.append(dict(pair for part in subject for pair in part)["commonName"])
        return secured

    def _talk(self, connection: socket.socket) -> None:
        cut = self.cuts.pop(0) if self.cuts else None
        taken = 0
        for kind, packet in packets(connection):
            if kind >> 4 == 1:
                connection.sendall(bytes([0x20, 3, 0, self.refuse_connect, 0]))
            elif kind >> 4 == 3:
                taken += 1
                mid = self._take(packet)
                code = 0x87 if self.deny and self.received[-1][0] == self.deny else 0
                if cut is None or taken <= cut // 2:
                    connection.sendall(b"\x40\x02" + mid if not code else b"\x40\x03" + mid + bytes([code]))
                if cut is not None and taken >= cut:
                    return
            elif kind >> 4 == 12:
                connection.sendall(b"\xd0\x00")
            elif kind >> 4 == 14:
                return

    def _take(self, packet: bytes) -> bytes:
        (size,) = struct.unpack_from("!H", packet)
        at = 2 + size
        properties = packet[at + 2]
        self.received.append((packet[2:at].decode(), packet[at + 3 + properties :]))
        return packet[at : at + 2]


def packets(connection: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Whole packets as (first byte, rest) until the peer leaves."""
    stream = connection.makefile("rb")
    while first := stream.read(1):
        length = shift = 0
        while True:
            (byte,) = stream.read(1)
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        body = stream.read(length)
        if len(body) < length:
            return
        yield first[0], body


@pytest.fixture
def small_broker() -> Iterator[Callable[..., SmallBroker]]:
    """Makes small brokers with the options given, and closes them."""
    made: list[SmallBroker] = []

    def make(**options: object) -> SmallBroker:
        made.append(SmallBroker(**options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="session")
def public_data() -> Path:
    """Folder of the public data sets; skips where it is absent."""
    folder = Path(os.environ.get("ACME_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
    if not (folder / "cmapss" / "train_FD001.txt").is_file():
        pytest.skip(f"no public data at {folder}; set ACME_DATA to the folder that holds cmapss/ and azure_pdm/")
    return folder
