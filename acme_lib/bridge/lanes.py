"""All lanes of the bridge: a thread for every partition of every hub, each with a connection of its own inside the sender."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, ItemsView, Sequence
from pathlib import Path
from random import Random

import structlog

from acme_lib.bridge.attempts import Attempts
from acme_lib.bridge.backoff import Backoff, delay
from acme_lib.bridge.lane import BatchLimit, Item, LaneSender, Sender
from acme_lib.errors import Retry, SlowDown, Stop
from acme_lib.journal import Lane

__all__ = ["Lanes"]

log = structlog.get_logger("bridge.egress")
_REMEMBERED = 200_000  # keys whose lane is remembered


class Lanes:
    """Opening waits until every hub answers, with backoff, for ever or until `ending` is set.

    `hubs` are the contract's; `older` ones, which an earlier contract named, and those that the journal turns out to name
    are opened too: an entry goes where it was meant to when it was accepted.
    """

    def __init__(
        self,
        hubs: Sequence[str],
        connect: Callable[[str], Sender],
        partition_for: Callable[[str, int], int],
        folder: Path,
        ending: threading.Event,
        policy: Backoff | None = None,
        limit: BatchLimit | None = None,
        older: Sequence[str] = (),
    ) -> None:
        self.wake, self.ending = threading.Event(), ending
        self._connect, self._partition_for, self._folder = connect, partition_for, folder
        self._policy, self._limit, self._rand = policy or Backoff(), limit, Random()
        self._lanes: dict[Lane, LaneSender] = {}
        self._senders: list[Sender] = []
        self._known: dict[str, dict[str, Lane]] = {}
        self._counts: dict[str, int] = {}
        self._named = frozenset(hubs)
        for hub in (*hubs, *older):
            self._open(hub)

    def _open(self, hub: str) -> None:
        try:
            sender, partitions = self._answering(hub)
        except Stop as e:
            if hub in self._named:
                raise
            raise _of_older(hub, e) from e
        self._senders.append(sender)
        self._counts[hub] = partitions
        attempts = Attempts(self._folder / f"attempted-{hub}")
        for partition in range(partitions):
            lane = Lane(hub, partition)
            self._lanes[lane] = LaneSender(lane, sender, attempts, self.wake, self._policy, self._limit)
            self._lanes[lane].start()

    def _answering(self, hub: str) -> tuple[Sender, int]:
        sender = self._connect(hub)
        attempt = 0
        while True:
            attempt += 1
            try:
                return sender, sender.partition_count
            except (Retry, SlowDown) as e:
                seconds = delay(self._policy, attempt, self._rand, getattr(e, "retry_after", None))
                log.warning("hub unreachable", hub=hub, attempt=attempt, in_s=round(seconds, 2), error=str(e))
                if self.ending.wait(seconds):
                    raise

    def counts(self) -> dict[str, int]:
        """Partitions of each hub."""
        return dict(self._counts)

    def items(self) -> ItemsView[Lane, LaneSender]:
        return self._lanes.items()

    def lane(self, hub: str, key: str) -> Lane:
        """The lane of an entry: the service's own hash, computed here."""
        known = self._known.setdefault(hub, {})
        found = known.get(key)
        if found is None:
            if hub not in self._counts:
                self._open(hub)
            if len(known) >= _REMEMBERED:
                known.clear()
            found = known[key] = Lane(hub, self._partition_for(key, self._counts[hub]))
        return found

    def put(self, lane: Lane, items: Sequence[Item]) -> None:
        self._lanes[lane].put(items)

    def held_bytes(self) -> int:
        return sum(lane.held_bytes for lane in self._lanes.values())

    def check(self) -> None:
        """Raises what ended a lane."""
        for lane in self._lanes.values():
            if lane.failure is not None:
                raise lane.failure

    def end(self, within_s: float = 8.0) -> None:
        """Batches in flight get `within_s` together; what is not acknowledged by then is sent again at the next start."""
        for lane in self._lanes.values():
            lane.end()
        until = time.monotonic() + within_s
        for lane in self._lanes.values():
            lane.join(max(0.0, until - time.monotonic()))
        for sender in self._senders:
            sender.close()


def _of_older(hub: str, why: Stop) -> Stop:
    return Stop(
        f"hub {hub} is an old one: the contract no longer names it, but messages accepted for it wait in the journal; make "
        f"the hub again, or give this identity its role there, until they are delivered. Nothing is lost meanwhile, and "
        f"after that the bridge forgets the hub by itself ({why})"
    )
