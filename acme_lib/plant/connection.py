"""One connection to the broker, TCP or TLS: bytes out in bursts, packets in, kept alive."""

from __future__ import annotations

import select
import socket
import ssl
from collections.abc import Iterator

from acme_lib.identity import Certificate
from acme_lib.plant import wire

__all__ = ["Connection"]

READ_BYTES = 1 << 18
NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Connection:
    """Connected on return, over TLS where there is a certificate to show. Every method raises OSError where the connection is lost."""

    def __init__(self, host: str, port: int, certificate: Certificate | None = None, within_s: float = 5.0) -> None:
        self._socket = socket.create_connection((host, port), within_s)
        # without it the broker's delayed acknowledgements hold the stream at about 1,000 messages a second
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if certificate is not None:
            self._socket = certificate.context().wrap_socket(self._socket, server_hostname=host)
        self._socket.setblocking(False)
        self._out, self._parser = bytearray(), wire.Parser()
        self._last_in = self._last_ping = 0.0

    def put(self, packet: bytes) -> None:
        """Queues a packet for the next exchange."""
        self._out += packet

    def exchange(self, timeout_s: float) -> list[tuple[int, bytes]]:
        """The packets that came, after at most `timeout_s`; writes what is queued as far as it goes."""
        wait_s = 0 if self._pending else timeout_s
        readable, writable, _ = select.select([self._socket], [self._socket] if self._out else [], [], wait_s)
        # reading first: a broker that refuses us has said why before it closed, and a write would only find it closed
        packets = list(self._read()) if readable or self._pending else []
        if writable:
            self.write()
        return packets

    @property
    def _pending(self) -> bool:
        """Bytes that TLS has taken off the socket already: select does not see them."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def write(self) -> None:
        try:
            while self._out:  # TLS takes no more than a record at once
                del self._out[: self._socket.send(self._out)]
        except NOT_NOW:
            return

    def _read(self) -> Iterator[tuple[int, bytes]]:
        try:
            data = self._socket.recv(READ_BYTES)
        except NOT_NOW:
            return
        if not data:
            raise ConnectionResetError("the broker closed the connection")
        self._last_in = 0.0
        yield from self._parser.feed(data)

    def keep_alive(self, keepalive_s: float, now_s: float) -> None:
        """Pings after half of `keepalive_s` of silence; after one and a half the peer is gone."""
        if not self._last_in:
            self._last_in = now_s
        if now_s - self._last_in > 1.5 * keepalive_s:
            raise TimeoutError("the broker has fallen silent")
        if now_s - max(self._last_in, self._last_ping) > keepalive_s / 2:
            self.put(wire.PINGREQ)
            self._last_ping = now_s

    def close(self) -> None:
        self._socket.close()
