"""Events into a hub: faults, size limit and token first, then the log, and the acknowledgement only after the log."""

from __future__ import annotations

import asyncio

from acme_lib.eventhubs.local.amqp.frames import error
from acme_lib.eventhubs.local.amqp.sections import events
from acme_lib.eventhubs.local.amqp.types import Encoded, described
from acme_lib.eventhubs.local.hub import MAX_MESSAGE
from acme_lib.eventhubs.local.links import ACCEPTED, Incoming
from acme_lib.eventhubs.partition import partition_for

__all__ = ["Sender"]

_THROTTLED = "The request was terminated because the entity is being throttled. Error code : 50002. Please wait 4 seconds and try again."
_FORCED = "The link is force detached by the broker."


def _rejected(condition: str, text: str) -> Encoded:
    return described(0x25, error(condition, text))


class Sender(Incoming):
    """A sending client's link to a hub, or to one of its partitions."""

    def deliver(self, delivery: int, raw: bytes) -> None:
        namespace = self.connection.namespace
        namespace.counts["sends"] += 1
        if self._faulted(delivery) or self._refused(delivery, raw):
            return
        found, key = events(raw, self._format)
        if not found:
            self.settle(delivery, ACCEPTED)
            return
        namespace.counts["events"] += len(found)
        namespace.counts["bytes"] += len(raw)
        lost = namespace.faults.take("lostack")
        bodies = [one.body for one in found]
        namespace.log.append(
            self.place.entity, self._partition(key), bodies, key, lambda failed: self._stored(delivery, failed, lost)
        )

    def _partition(self, key: str | None) -> int:
        namespace, hub = self.connection.namespace, self.place.entity
        if self.place.partition is not None:
            return int(self.place.partition)
        return namespace.next_partition(hub) if key is None else partition_for(key, namespace.log.hubs[hub])

    def _faulted(self, delivery: int) -> bool:
        """Applies a fault that is due; True where the delivery goes no further."""
        faults = self.connection.namespace.faults
        if faults.take("busy"):
            self.settle(delivery, _rejected("com.microsoft:server-busy", _THROTTLED))
        elif faults.take("drop"):
            self.connection.transport.abort()
        elif faults.take("detach"):
            self.detach("amqp:link:detach-forced", _FORCED)
        elif not faults.take("hang"):
            return False
        return True

    def _refused(self, delivery: int, raw: bytes) -> bool:
        """True where the message is too large or its sender's token has ended."""
        grant, gate = self.connection.grants[self.place.entity], self.connection.namespace.gate
        if len(raw) > MAX_MESSAGE:
            size = f"The received message (delivery-id:{delivery}, size:{len(raw)} bytes) exceeds the limit ({MAX_MESSAGE} bytes) currently allowed on the link."
            self.detach("amqp:link:message-size-exceeded", size)
        elif grant.expires_s < gate.clock():
            self.detach(
                "amqp:unauthorized-access",
                f"ExpiredToken: The token for '{self.place.entity}' is expired. Put a new one.",
            )
        else:
            return False
        return True

    def _stored(self, delivery: int, failed: str | None, lost: bool) -> None:
        slow_s = self.connection.namespace.faults.slow_ms / 1000
        if lost:
            self.connection.transport.abort()
        elif failed is not None:
            self.settle(
                delivery,
                _rejected(
                    "com.microsoft:timeout", f"The operation did not complete within the allotted time: {failed}"
                ),
            )
        elif slow_s:
            asyncio.get_running_loop().call_later(slow_s, self.settle, delivery, ACCEPTED)
        else:
            self.settle(delivery, ACCEPTED)
