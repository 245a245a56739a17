"""One partition's own thread: one batch in flight, the same batch again until the hub has it."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Protocol

import structlog

from acme_lib.bridge.attempts import Attempts
from acme_lib.bridge.backoff import Backoff, delay
from acme_lib.errors import AcmeError, Retry, SlowDown, Stop
from acme_lib.journal import Lane

__all__ = ["BatchLimit", "LaneSender", "Sender", "Sent"]

log = structlog.get_logger("bridge.egress")
Item = tuple[int, bytes]  # sequence number, body


class Sender(Protocol):
    """The part of the hub's port that a lane needs."""

    @property
    def partition_count(self) -> int: ...

    def send(self, partition: int, bodies: Sequence[bytes]) -> None: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class BatchLimit:
    """A batch is what waits, up to these; small enough that the sender need not split it, so it is stored whole or not."""

    events: int = 2_000
    bytes: int = 800_000


@dataclass(frozen=True)
class Sent:
    """What a lane has done since it was last asked; how many entries it holds, and the lowest of them (None: nothing)."""

    delivered: int
    redelivered: int
    retries: int
    held: int
    lowest_held: int | None


class LaneSender(threading.Thread):
    """Entries leave `put`'s queue only when the hub has acknowledged them. Whatever ends the lane is its `failure`; nothing is lost by it."""

    def __init__(
        self,
        lane: Lane,
        sender: Sender,
        attempts: Attempts,
        wake: threading.Event,
        policy: Backoff,
        limit: BatchLimit | None = None,
    ) -> None:
        super().__init__(name=f"{lane.hub}/{lane.partition}", daemon=True)
        self.lane, self._sender, self._attempts, self._wake = lane, sender, attempts, wake
        self._policy, self._limit, self._rand = policy, limit or BatchLimit(), Random()
        self._queue: deque[Item] = deque()
        self._changed = threading.Condition()
        self._delivered = self._redelivered = self._retries = 0
        self.held_bytes = 0
        self._ending = threading.Event()
        self.failure: AcmeError | None = None

    def put(self, items: Sequence[Item]) -> None:
        """Entries of this partition, in ascending order of their numbers."""
        with self._changed:
            self._queue.extend(items)
            self.held_bytes += sum(len(body) for _, body in items)
            self._changed.notify()

    def sent(self) -> Sent:
        """Counts since the last call, at one moment with the lowest number held."""
        with self._changed:
            lowest = self._queue[0][0] if self._queue else None
            found = Sent(self._delivered, self._redelivered, self._retries, len(self._queue), lowest)
            self._delivered = self._redelivered = self._retries = 0
        return found

    def end(self) -> None:
        """No further batch; one in flight is finished or given up to the next start."""
        self._ending.set()
        with self._changed:
            self._changed.notify()

    def run(self) -> None:
        try:
            while batch := self._next():
                self._deliver(batch)
        except _Ended:
            pass
        except AcmeError as e:
            self.failure = e
        except BaseException as e:  # a lane that died unseen would let its partition wait for ever
            self.failure = Stop(
                f"lane {self.name}: {type(e).__name__}: {e}; start egress again, and report it if it recurs"
            )
            self.failure.__cause__ = e
        finally:
            self._wake.set()

    def _next(self) -> list[Item]:
        """What waits, within the limit; empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._ending.is_set())
            if self._ending.is_set():
                return []
            batch: list[Item] = []
            size = 0
            for item in islice(self._queue, self._limit.events):
                size += len(item[1])
                if batch and size > self._limit.bytes:
                    break
                batch.append(item)
        return batch

    def _deliver(self, batch: list[Item]) -> None:
        bodies = [body for _, body in batch]
        attempted = self._attempts.of(self.lane.partition)  # up to here an earlier outcome is unknown
        attempt = 0
        while True:
            attempt += 1
            self._mark(max(attempted, batch[-1][0]))
            try:
                self._sender.send(self.lane.partition, bodies)
                break
            except SlowDown as e:
                self._mark(attempted)  # refused whole: nothing of it was stored
                self._pause(attempt, e, e.retry_after)
            except Retry as e:
                attempted = max(attempted, batch[-1][0])
                self._pause(attempt, e, None)
        self._done(batch, sum(1 for seq, _ in batch if seq <= attempted) if batch[0][0] <= attempted else 0)

    def _mark(self, seq: int) -> None:
        with suppress(OSError):  # a full disk: only `redelivered` counts less, which is no reason to stop delivering
            self._attempts.set(self.lane.partition, seq)

    def _pause(self, attempt: int, why: AcmeError, throttled_s: float | None) -> None:
        seconds = delay(self._policy, attempt, self._rand, throttled_s)
        log.warning("same batch again", lane=self.name, attempt=attempt, in_s=round(seconds, 2), error=str(why))
        with self._changed:
            self._retries += 1
        self._wake.set()
        if self._ending.wait(seconds):
            raise _Ended

    def _done(self, batch: list[Item], again: int) -> None:
        with self._changed:
            for _ in batch:
                self._queue.popleft()
            self.held_bytes -= sum(len(body) for _, body in batch)
            self._delivered += len(batch)
            self._redelivered += again
        self._wake.set()


class _Ended(Exception):
    """The lane was asked to end while it waited to try again."""
