"""Events into a hub: faults and token first, then the log, and the acknowledgement only after the log."""

from __future__ import annotations

import asyncio

from acme_lib.eventhubs.local.amqp.sections import events
from acme_lib.eventhubs.local.links import ACCEPTED, Incoming, rejected
from acme_lib.eventhubs.partition import partition_for

__all__ = ["Sender"]

_THROTTLED = "The request was terminated because the entity is being throttled. Error code : 50002. Please wait 4 seconds and try again."
_FORCED = "The link is force detached by the broker."


class Sender(Incoming):
    """A sending client's link to a hub, or to one of its partitions."""

    def deliver(self, delivery: int, raw: bytes) -> None:
        namespace = self.connection.namespace
        namespace.counts["sends"] += 1
        if self._faulted(delivery) or self._ended():
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
            self.settle(delivery, rejected("com.microsoft:server-busy", _THROTTLED))
        elif faults.take("drop"):
            self.connection.transport.abort()
        elif faults.take("detach"):
            self.detach("amqp:link:detach-forced", _FORCED)
        elif not faults.take("hang"):
            return False
        return True

    def _ended(self) -> bool:
        """True where the sender's token has ended; it is told, and comes back with a new one."""
        grant, gate = self.connection.grants[self.place.entity], self.connection.namespace.gate
        if grant.expires_s >= gate.clock():
            return False
        text = f"ExpiredToken: The token for '{self.place.entity}' is expired. Put a new one."
        self.detach("amqp:unauthorized-access", text)
        return True

    def _stored(self, delivery: int, failed: str | None, lost: bool) -> None:
        slow_s = self.connection.namespace.faults.slow_ms / 1000
        if lost:
            self.connection.transport.abort()
        elif failed is not None:
            self.settle(
                delivery,
                rejected("com.microsoft:timeout", f"The operation did not complete within the allotted time: {failed}"),
            )
        elif slow_s:
            asyncio.get_running_loop().call_later(slow_s, self.settle, delivery, ACCEPTED)
        else:
            self.settle(delivery, ACCEPTED)
