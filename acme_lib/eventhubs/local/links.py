"""Links of the door: senders into a hub or one of its partitions, and the request and response pairs of $cbs and $management."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from acme_lib.eventhubs.local.amqp.frames import Performative, error, terminus
from acme_lib.eventhubs.local.amqp.sections import events
from acme_lib.eventhubs.local.amqp.types import Encoded, described
from acme_lib.eventhubs.local.hub import MAX_MESSAGE, Address, address
from acme_lib.eventhubs.local.requests import answer
from acme_lib.eventhubs.partition import partition_for

if TYPE_CHECKING:
    from acme_lib.eventhubs.local.connection import Connection

__all__ = ["Link", "attach"]

CREDIT = 64
_ACCEPTED = Encoded(described(0x24))
_BUSY = "The request was terminated because the entity is being throttled. Error code : 50002. Please wait 4 seconds and try again."


def _rejected(condition: str, text: str) -> Encoded:
    return described(0x25, error(condition, text))


class Link:
    """What all links share: the transfer frames of one delivery are joined until it is whole."""

    def __init__(self, connection: Connection, channel: int, frame: Performative, place: Address) -> None:
        self.connection, self.channel, self.place = connection, channel, place
        self.handle: int = frame.handle
        self.detached = False
        self._parts: list[bytes] = []
        self._size = 0
        self._id, self._format, self._settled = 0, 0, False

    def on_flow(self, frame: Performative) -> None:
        """Flow from the client; only a receiving client's matters."""

    def on_transfer(self, frame: Performative) -> None:
        if not self._parts:
            self._id, self._format, self._settled = frame.delivery_id, frame.message_format or 0, bool(frame.settled)
        self._parts.append(frame.payload)
        self._size += len(frame.payload)
        if frame.aborted:
            self._parts, self._size = [], 0
        elif not frame.more:
            raw = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
            self._parts, self._size = [], 0
            self.on_delivery(self._id, raw)
        elif self._size > MAX_MESSAGE + 4096:
            self._parts = [b""]  # already refused for its size: don't hold what is still to come

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
        self._count, self._credit = self._count + 1, self._credit - 1
        if not self.detached:
            self.deliver(delivery, raw)
        if self._credit < CREDIT // 2 and not self.detached:
            self.grant()

    def deliver(self, delivery: int, raw: bytes) -> None:
        raise TypeError("a link with nowhere to deliver to")


class Request(Incoming):
    """Requests to $cbs or $management; the answer leaves on the response link of the same session."""

    def deliver(self, delivery: int, raw: bytes) -> None:
        self.settle(delivery, _ACCEPTED)
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
            fields = {
                "handle": self.handle,
                "delivery_id": self._sent,
                "delivery_tag": self._sent.to_bytes(4, "big"),
                "message_format": 0,
            }
            connection.send(self.channel, "transfer", part, settled=True, more=more, **fields)
            session.next_outgoing += 1
        self._sent += 1


class Sender(Incoming):
    """Events into a hub. The acknowledgement leaves when the log has stored every one of them."""

    def deliver(self, delivery: int, raw: bytes) -> None:
        namespace, hub = self.connection.namespace, self.place.entity
        namespace.counts["sends"] += 1
        if self._refused(delivery, raw):
            return
        found, key = events(raw, self._format)
        if not found:
            self.settle(delivery, _ACCEPTED)
            return
        if self.place.partition is not None:
            partition = int(self.place.partition)
        elif key is not None:
            partition = partition_for(key, namespace.log.hubs[hub])
        else:
            partition = namespace.next_partition(hub)
        lost = namespace.faults.take("lostack")
        namespace.counts["events"] += len(found)
        namespace.counts["bytes"] += len(raw)
        namespace.log.append(
            hub, partition, [e.body for e in found], key, lambda failed: self._stored(delivery, failed, lost)
        )

    def _refused(self, delivery: int, raw: bytes) -> bool:
        """Applies faults, size limit and the token's end; True where the delivery goes no further."""
        connection, faults = self.connection, self.connection.namespace.faults
        expired = connection.expired(self.place.entity)
        if faults.take("busy"):
            self.settle(delivery, _rejected("com.microsoft:server-busy", _BUSY))
        elif faults.take("drop"):
            connection.transport.abort()
        elif faults.take("hang"):
            return True
        elif faults.take("detach"):
            self.detach(
                "amqp:link:detach-forced", "The link is force detached by the broker because the publisher went idle."
            )
        elif len(raw) > MAX_MESSAGE:
            self.detach(
                "amqp:link:message-size-exceeded",
                f"The received message (delivery-id:{delivery}, size:{len(raw)} bytes) exceeds the limit ({MAX_MESSAGE} bytes) currently allowed on the link.",
            )
        elif expired:
            self.detach("amqp:unauthorized-access", expired)
        else:
            return False
        return True

    def _stored(self, delivery: int, failed: str | None, lost: bool) -> None:
        slow = self.connection.namespace.faults.slow_ms
        if lost:
            self.connection.transport.abort()
        elif failed is not None:
            self.settle(
                delivery,
                _rejected(
                    "com.microsoft:timeout", f"The operation did not complete within the allotted time: {failed}"
                ),
            )
        elif slow:
            asyncio.get_running_loop().call_later(slow / 1000, self.settle, delivery, _ACCEPTED)
        else:
            self.settle(delivery, _ACCEPTED)


def attach(connection: Connection, channel: int, frame: Performative) -> Link | None:
    """Answers an attach; None where the address leads nowhere, and the link is detached with the reason."""
    source, target = (x.value[0] if x is not None and x.value else None for x in (frame.source, frame.target))
    receiving = bool(frame.role)  # the client receives
    place = address((source if receiving else target) or "")
    modes = {"snd_settle_mode": frame.snd_settle_mode or 0, "rcv_settle_mode": frame.rcv_settle_mode or 0}
    ends = {"source": terminus(source, 0x28), "target": terminus(target, 0x29)}
    count = {"initial_delivery_count": 0} if receiving else {}
    connection.send(
        channel,
        "attach",
        name=frame.name,
        handle=frame.handle,
        role=not receiving,
        max_message_size=MAX_MESSAGE,
        properties={},
        **modes,
        **ends,
        **count,
    )
    kind = Response if receiving else Request if place.entity in ("$cbs", "$management") else Sender
    link = kind(connection, channel, frame, place)
    problem = connection.may_attach(place, receiving)
    if problem:
        link.detach(*problem)
        return None
    if isinstance(link, Incoming):
        link.grant()
    return link
