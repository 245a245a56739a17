"""MemoryHubs: a FAKE of Event Hubs in memory, for tests only. It keeps the sender port's promises, which one suite checks."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from acme_lib.contracts import contracts
from acme_lib.errors import AcmeError, Retry, SlowDown, Stop
from acme_lib.eventhubs.batches import split

__all__ = ["MemoryHubs", "MemorySender"]


class MemoryHubs:
    """Hubs of the bridge contract, in memory. `stored[hub][partition]` is the list of bodies in order.

    `fault(name, n)` makes the next n sends fail: busy (throttled), drop and detach (nothing stored), hang (nothing stored,
    outcome unknown), lostack (stored, outcome unknown), auth (refused for good). `down = True` is an outage until set back.
    """

    is_fake = True

    def __init__(self, partitions: int | None = None) -> None:
        hubs = contracts().bridge.hubs
        self.stored: dict[str, list[list[bytes]]] = {
            h.name: [[] for _ in range(partitions or h.partitions)] for h in hubs
        }
        self.limits = {h.name: h.max_event_bytes for h in hubs}
        self.down = False
        self.sends = 0
        self._pending: Counter[str] = Counter()
        self.lock = threading.Lock()

    def fault(self, name: str, amount: int = 1) -> None:
        if name not in _ERRORS:
            raise ValueError(f"no fault {name!r}; one of {', '.join(_ERRORS)}")
        with self.lock:
            self._pending[name] += amount

    def due(self) -> str | None:
        """The fault that strikes now; it is used up. The caller holds the lock."""
        for name in _ERRORS:
            if self._pending[name]:
                self._pending[name] -= 1
                return name
        return None

    def connect(self, hub: str) -> MemorySender:
        return MemorySender(self, hub)


_ERRORS: dict[str, AcmeError] = {
    "busy": SlowDown("the fake hub is throttled", 4.0),
    "drop": Retry("the fake hub cut the connection"),
    "lostack": Retry("the fake hub stored, but cut the connection before it said so"),
    "hang": Retry("the fake hub did not answer in time"),
    "detach": Retry("the fake hub detached the link"),
    "auth": Stop("the fake hub refused the token; give the identity its role"),
}


class MemorySender:
    """The sender port on MemoryHubs."""

    def __init__(self, hubs: MemoryHubs, hub: str) -> None:
        self._hubs, self._hub, self._closed = hubs, hub, False

    @property
    def partition_count(self) -> int:
        return len(self._partitions())

    def _partitions(self) -> list[list[bytes]]:
        if self._hubs.down:
            raise Retry("the fake hub is down")
        if self._hub not in self._hubs.stored:
            raise Stop(f"hub {self._hub} does not exist; correct contracts/bridge.yaml")
        return self._hubs.stored[self._hub]

    def send(self, partition: int, bodies: Sequence[bytes]) -> None:
        if self._closed:
            raise Stop(f"sender of hub {self._hub} is closed; connect again")
        for run in split(bodies, self._hubs.limits.get(self._hub, 1 << 20)):
            self._store(partition, run)

    def _store(self, partition: int, run: Sequence[bytes]) -> None:
        with self._hubs.lock:
            partitions = self._partitions()
            if not 0 <= partition < len(partitions):
                raise Stop(f"hub {self._hub} has no partition {partition}; correct contracts/bridge.yaml")
            self._hubs.sends += 1
            due = self._hubs.due()
            if due in (None, "lostack"):
                partitions[partition].extend(run)
        if due:
            error = _ERRORS[due]
            raise type(error)(*error.args)

    def close(self) -> None:
        self._closed = True
