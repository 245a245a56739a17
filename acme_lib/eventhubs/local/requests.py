"""Requests to the door: put-token on $cbs, and READ of a hub or a partition on $management."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from acme_lib.errors import AcmeError
from acme_lib.eventhubs.local.amqp.sections import message_id, request, response
from acme_lib.eventhubs.local.amqp.types import Encoded, array, encode
from acme_lib.eventhubs.local.gate import SAS, Grant, Refused
from acme_lib.eventhubs.local.hub import address

if TYPE_CHECKING:
    from acme_lib.eventhubs.local.connection import Connection
    from acme_lib.eventhubs.local.hub import Namespace

__all__ = ["answer"]

Answer = tuple[int, str, Encoded]
_NOTHING = encode("null", None)


async def answer(connection: Connection, entity: str, raw: bytes, respond: Callable[[bytes], None]) -> None:
    """Answers one request by `respond`; what the log can't tell now is a 500."""
    properties, body = request(raw)
    try:
        if entity == "$cbs":
            status, text, value = put_token(connection, properties, str(body))
        else:
            status, text, value = await read(connection, properties)
    except Refused as e:
        status, text, value = e.status, str(e), _NOTHING
    except AcmeError as e:
        status, text, value = 500, str(e), _NOTHING
    if not connection.transport.is_closing():
        respond(response(message_id(raw), status, text, value))


def put_token(connection: Connection, properties: dict[str, Any], token: str) -> Answer:
    """Raises Refused."""
    namespace = connection.namespace
    namespace.counts["tokens"] += 1
    if namespace.faults.take("auth"):
        raise Refused(401, "InvalidSignature: The token has an invalid signature.")
    audience = str(properties.get("name", ""))
    grant = namespace.gate.judge(str(properties.get("type", "")), token, audience)
    connection.grants[address(urlsplit(audience).path).entity] = grant
    return 202, "Accepted", _NOTHING


async def read(connection: Connection, properties: dict[str, Any]) -> Answer:
    """Properties of a hub or a partition. Raises Refused, and Stop where the log does not answer."""
    namespace = connection.namespace
    hub, kind = str(properties.get("name", "")), properties.get("type")
    grant = _grant(connection, hub, properties.get("security_token"))
    if grant is None or not namespace.gate.may_send(grant, hub):
        raise Refused(401, f"Unauthorized access to '{hub}': put a token that may send there first.")
    if hub not in namespace.log.hubs:
        raise Refused(404, f"The messaging entity '{hub}' could not be found.")
    partitions = [str(n) for n in range(namespace.log.hubs[hub])]
    common = {"name": hub, "type": kind}
    if kind == "com.microsoft:eventhub":
        counts = {"partition_count": encode("int", len(partitions)), "partition_ids": array(0xB1, partitions)}
        return 200, "OK", encode("map", {**common, "created_at": encode("timestamp", namespace.opened_ms), **counts})
    if kind == "com.microsoft:partition" and properties.get("partition") in partitions:
        return 200, "OK", await _partition(namespace, common, str(properties["partition"]))
    raise Refused(400, f"$management knows no {kind} with partition {properties.get('partition')}")


def _grant(connection: Connection, hub: str, token: Any) -> Grant | None:
    """A $management request carries its own token; the Java client puts none on $cbs before it. Raises Refused."""
    if not token:
        return connection.grants.get(hub)
    kind = SAS if str(token).startswith("SharedAccessSignature") else "jwt"
    return connection.namespace.gate.judge(kind, str(token), f"sb://localhost/{hub}")


async def _partition(namespace: Namespace, common: dict[str, Any], partition: str) -> Encoded:
    state = await namespace.log.state(common["name"], int(partition))
    return encode(
        "map",
        {
            **common,
            "partition": partition,
            "begin_sequence_number": encode("long", state.begin),
            "last_enqueued_sequence_number": encode("long", state.end - 1),
            "last_enqueued_offset": str(state.end - 1),
            "last_enqueued_time_utc": encode("timestamp", state.last_ms),
            "is_partition_empty": state.end == state.begin,
        },
    )
