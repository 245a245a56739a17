"""Attaching a link: where its address leads, and who may. A refusal follows the attach as a detach, as the service does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acme_lib.eventhubs.local.amqp.frames import Performative, terminus
from acme_lib.eventhubs.local.hub import MAX_MESSAGE, Address, address
from acme_lib.eventhubs.local.intake import Sender
from acme_lib.eventhubs.local.links import Incoming, Link, Request, Response

if TYPE_CHECKING:
    from acme_lib.eventhubs.local.connection import Connection

__all__ = ["attach"]

Refusal = tuple[str, str]  # condition, text
REQUESTS = ("$cbs", "$management")


def attach(connection: Connection, channel: int, frame: Performative) -> Link | None:
    """Answers an attach; None where it was refused."""
    source, target = (x.value[0] if x is not None and x.value else None for x in (frame.source, frame.target))
    receiving = bool(frame.role)  # the client receives
    place = address((source if receiving else target) or "")
    _reply(connection, channel, frame, source, target)
    kind = Response if receiving else Request if place.entity in REQUESTS else Sender
    link = kind(connection, channel, frame, place)
    refusal = _refusal(connection, place, receiving)
    if refusal:
        link.detach(*refusal)
        return None
    if isinstance(link, Incoming):
        link.grant()
    return link


def _reply(connection: Connection, channel: int, frame: Performative, source: str | None, target: str | None) -> None:
    fields: dict[str, Any] = {
        "name": frame.name,
        "handle": frame.handle,
        "role": not frame.role,
        "snd_settle_mode": frame.snd_settle_mode or 0,
        "rcv_settle_mode": frame.rcv_settle_mode or 0,
        "source": terminus(source, 0x28),
        "target": terminus(target, 0x29),
        "initial_delivery_count": 0 if frame.role else None,
        "max_message_size": MAX_MESSAGE,
        "properties": {},
    }
    connection.send(channel, "attach", **fields)


def _refusal(connection: Connection, place: Address, receiving: bool) -> Refusal | None:
    hubs = connection.namespace.log.hubs
    if place.entity in REQUESTS:
        return None
    if place.entity not in hubs:
        return "amqp:not-found", f"The messaging entity '{place.entity}' could not be found."
    if receiving:
        return (
            "amqp:not-implemented",
            "This door takes events; read them from Kafka (acme_lib.eventhubs.source_options).",
        )
    last = hubs[place.entity] - 1
    if place.partition is not None and place.partition not in map(str, range(last + 1)):
        return (
            "com.microsoft:argument-out-of-range",
            f"'{place.partition}' is no partition of '{place.entity}', which has 0 to {last}.",
        )
    return _unauthorized(connection, place.entity)


def _unauthorized(connection: Connection, hub: str) -> Refusal | None:
    grant = connection.grants.get(hub)
    if grant is not None and connection.namespace.gate.may_send(grant, hub):
        return None
    who = "no token" if grant is None else grant.identity
    text = f"Unauthorized access. 'Send' claim(s) are required to perform this operation. Resource: '{hub}' ({who})."
    return "amqp:unauthorized-access", text
