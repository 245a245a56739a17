"""Links of the door: what all share, and the request and response pairs of $cbs and $management."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from acme_lib.eventhubs.local.amqp.frames import Performative, error
from acme_lib.eventhubs.local.amqp.types import Encoded, described
from acme_lib.eventhubs.local.hub import MAX_MESSAGE, Address
from acme_lib.eventhubs.local.requests import answer

if TYPE_CHECKING:
    from acme_lib.eventhubs.local.connection import Connection

__all__ = ["ACCEPTED", "Incoming", "Link", "Request", "Response", "rejected"]

CREDIT = 64
ACCEPTED = Encoded(described(0x24))


def rejected(condition: str, text: str) -> Encoded:
    """The outcome of a delivery that was not taken."""
    return described(0x25, error(condition, text))


class Link:
    """What all links share: the transfer frames of one delivery are joined until it is whole."""

    def __init__(self, connection: Connection, channel: int, frame: Performative, place: Address) -> None:
        self.connection, self.channel, self.place = connection, channel, place
        self.handle: int = frame.handle
        self.detached = False
        self._parts: list[bytes] = []
        self._size = 0
        self._id, self._format = 0, 0

    def on_flow(self, frame: Performative) -> None:
        """Flow from the client; only a receiving client's matters."""

    def on_transfer(self, frame: Performative) -> None:
        if self.detached:  # what was still under way when the client was told
            return
        if not self._parts:
            self._id, self._format = frame.delivery_id, frame.message_format or 0
        self._size += len(frame.payload)
        # an oversized message is not held, only counted to its end
        self._parts = [*self._parts, frame.payload] if self._size <= MAX_MESSAGE else [b""]
        if frame.more and not frame.aborted:
            return
        parts, size, self._parts, self._size = self._parts, self._size, [], 0
        if size > MAX_MESSAGE:
            self.on_oversize(self._id, size)
        elif not frame.aborted:
            self.on_delivery(self._id, parts[0] if len(parts) == 1 else b"".join(parts))

    def on_oversize(self, delivery: int, size: int) -> None:
        """A delivery larger than the link takes."""
        text = f"The received message (delivery-id:{delivery}, size:{size} bytes) exceeds the limit ({MAX_MESSAGE} bytes) currently allowed on the link."
        self.settle(delivery, rejected("amqp:link:message-size-exceeded", text))

    def on_delivery(self, delivery: int, raw: bytes) -> None:
        """One whole delivery."""

    def detach(self, condition: str, text: str) -> None:
        self.detached = True
        self.connection.send(self.channel, "detach", handle=self.handle, closed=True, error=error(condition, text))

    def settle(self, delivery: int, state: Encoded) -> None:
        self.connection.send(
            self.channel, "disposition", role=True, first=delivery, last=delivery, settled=True, state=state
        )


class Incoming(Link):
    """A link on which the client sends; keeps its credit topped up."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._count, self._credit = 0, 0

    def grant(self) -> None:
        self._credit = CREDIT
        self.connection.flow(self.channel, handle=self.handle, delivery_count=self._count, link_credit=CREDIT)

    def on_delivery(self, delivery: int, raw: bytes) -> None:
        self.deliver(delivery, raw)
        self._taken()

    def on_oversize(self, delivery: int, size: int) -> None:
        super().on_oversize(delivery, size)
        self._taken()

    def _taken(self) -> None:
        self._count, self._credit = self._count + 1, self._credit - 1
        if self._credit < CREDIT // 2 and not self.detached:
            self.grant()

    def deliver(self, delivery: int, raw: bytes) -> None:
        raise TypeError("a link with nowhere to deliver to")


class Request(Incoming):
    """Requests to $cbs or $management; the answer leaves on the response link of the same session."""

    def deliver(self, delivery: int, raw: bytes) -> None:
        self.settle(delivery, ACCEPTED)
        task = asyncio.get_running_loop().create_task(answer(self.connection, self.place.entity, raw, self._respond))
        self.connection.tasks.add(task)
        task.add_done_callback(self.connection.tasks.discard)

    def _respond(self, message: bytes) -> None:
        for link in self.connection.links.values():
            if isinstance(link, Response) and link.channel == self.channel and link.place == self.place:
                link.send(message)
                return


class Response(Link):
    """The link on which answers go to the client."""

    _sent = 0

    def send(self, message: bytes) -> None:
        connection, room = self.connection, self.connection.max_frame - 256
        session = connection.sessions[self.channel]
        for at in range(0, len(message), room):
            part, more = message[at : at + room], at + room < len(message)
            fields: dict[str, Any] = {
                "handle": self.handle,
                "delivery_id": self._sent,
                "delivery_tag": self._sent.to_bytes(4, "big"),
                "message_format": 0,
            }
            connection.send(self.channel, "transfer", part, settled=True, more=more, **fields)
            session.next_outgoing += 1
        self._sent += 1
