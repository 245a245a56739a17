"""What all connections of one door share: the log, the faults, the gate that judges tokens, the open connections, counters."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from acme_lib.eventhubs.local.connection import Connection
    from acme_lib.eventhubs.local.faults import Faults
    from acme_lib.eventhubs.local.gate import Gate
    from acme_lib.eventhubs.local.log import Log

__all__ = ["MAX_MESSAGE", "Address", "Namespace", "address"]

MAX_MESSAGE = 1 << 20  # bytes of one transfer, as the service's standard tier


@dataclass
class Namespace:
    """The local namespace: all hubs behind one door."""

    log: Log
    faults: Faults
    gate: Gate
    connections: set[Connection] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    turn: Counter[str] = field(default_factory=Counter)
    opened_ms: int = 0

    def next_partition(self, hub: str) -> int:
        """Round robin, for events with neither partition nor key."""
        self.turn[hub] += 1
        return self.turn[hub] % self.log.hubs[hub]


@dataclass(frozen=True, slots=True)
class Address:
    """A link's address: `entity` is a hub, `$cbs` or `$management`; `partition` where the address names one."""

    entity: str
    partition: str | None = None


def address(text: str) -> Address:
    """Of "hub", "hub/Partitions/3" or the same after amqps://host/. A longer path keeps its whole text as entity."""
    path = urlsplit(text).path if "://" in text else text
    parts = [part for part in path.split("/") if part]
    if len(parts) == 3 and parts[1].lower() == "partitions":
        return Address(parts[0], parts[2])
    if parts and parts[-1].lower() == "$management":
        return Address("$management")
    return Address("/".join(parts))
