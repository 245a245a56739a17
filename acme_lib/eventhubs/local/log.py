"""The log behind the door: Apache Kafka by an idempotent producer. A batch is done when every one of its events is stored."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import structlog

from acme_lib.errors import Stop

__all__ = ["Batch", "KafkaLog", "Log", "PartitionState"]

Done = Callable[[str | None], None]
# Kafka may take over 10 s to return after kill -9; what is not stored by then is refused, and the sender sends it again.
STORE_WITHIN_MS = 20_000
MOST_UNDER_WAY = 256 << 20  # bytes; more is refused as a whole, since half a batch would break the order


@dataclass(frozen=True, slots=True)
class PartitionState:
    """First and next offset, and when the last event was stored (milliseconds since 1970)."""

    begin: int
    end: int
    last_ms: int


class Log(Protocol):
    """What the door needs of a log."""

    hubs: dict[str, int]

    def append(self, hub: str, partition: int, bodies: Sequence[bytes], key: str | None, done: Done) -> None:
        """Stores in order; calls `done(None)` on the event loop when all are stored, `done(reason)` when not."""

    async def state(self, hub: str, partition: int) -> PartitionState: ...


@dataclass(slots=True)
class Batch:
    """Events on their way to Kafka. `left` counts down on the polling thread only."""

    left: int
    size: int
    done: Done
    failed: str | None = None


@dataclass
class _Finished:
    """Batches that ended, handed to the event loop in bulk: one wake-up for many."""

    queue: deque[Batch] = field(default_factory=deque)
    signalled: bool = False


class KafkaLog:
    """One producer for all hubs; a thread polls it. Order per partition is the order of `append`."""

    def __init__(self, bootstrap: str, hubs: dict[str, int], loop: asyncio.AbstractEventLoop) -> None:
        self.bootstrap, self.hubs, self._loop = bootstrap, dict(hubs), loop
        self._finished, self._stop = _Finished(), threading.Event()
        self._retired: deque[Any] = deque()
        self._under_way = 0
        self._producer = self._open()
        self._thread = threading.Thread(target=self._poll, name="kafka-deliveries", daemon=True)
        self._thread.start()

    def _open(self) -> Any:
        from confluent_kafka import Producer

        return Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "acks": "all",
                "enable.idempotence": True,
                "enable.gapless.guarantee": True,  # an event that fails fails all behind it: order before throughput
                "linger.ms": 1,
                "batch.size": 1 << 20,
                "message.max.bytes": 2 << 20,
                "delivery.timeout.ms": STORE_WITHIN_MS,
                "queue.buffering.max.messages": 2_000_000,
                "queue.buffering.max.kbytes": (2 << 20) - 1,
                "reconnect.backoff.ms": 50,
                "reconnect.backoff.max.ms": 500,
                "log_level": 3,
            }
        )

    def append(self, hub: str, partition: int, bodies: Sequence[bytes], key: str | None, done: Done) -> None:
        from confluent_kafka import KafkaException

        batch, producer = Batch(len(bodies), sum(map(len, bodies)), done), self._producer
        if self._under_way + batch.size > MOST_UNDER_WAY:
            self._loop.call_soon(done, "too much is waiting for the log")
            return
        name = None if key is None else key.encode()
        messages: list[dict[str, Any]] = [{"value": body, "key": name} for body in bodies]
        self._under_way += batch.size
        try:
            producer.produce_batch(hub, messages, partition=partition, on_delivery=self._counting(batch, producer))
            refused = next((m["_error"] for m in messages if "_error" in m), None)
        except (KafkaException, BufferError) as e:
            refused = e
        if refused is not None:  # never counted down to its end, so it is ended here
            batch.failed = str(refused)
            self._loop.call_soon(self._end, batch)
            self._loop.call_soon(self._renew, producer)

    def _counting(self, batch: Batch, producer: Any) -> Callable[[Any, Any], None]:
        """The delivery callback of every event of one batch; called on the polling thread."""

        def delivered(error: Any, _: Any) -> None:
            if error is not None:
                batch.failed = str(error)
                self._loop.call_soon_threadsafe(self._renew, producer)
            batch.left -= 1
            if batch.left == 0:
                self._hand_over(batch)

        return delivered

    def _end(self, batch: Batch) -> None:
        self._under_way -= batch.size
        batch.done(batch.failed)

    def _hand_over(self, batch: Batch) -> None:
        self._finished.queue.append(batch)
        if not self._finished.signalled:
            self._finished.signalled = True
            self._loop.call_soon_threadsafe(self._drain)

    def _drain(self) -> None:
        self._finished.signalled = False
        queue = self._finished.queue
        while queue:
            self._end(queue.popleft())

    def _poll(self) -> None:
        while not self._stop.is_set():
            while self._retired:
                old = self._retired.popleft()
                old.purge()
                old.flush(1)  # its callbacks: what it still held is refused, and sent again
            self._producer.poll(0.2)

    def _renew(self, failed: Any) -> None:
        """After a failure the producer may not go on without a gap: a new one takes its place, once."""
        if failed is self._producer:
            structlog.get_logger().warning("kafka did not store in time; a new producer takes over")
            self._retired.append(failed)
            self._producer = self._open()

    async def state(self, hub: str, partition: int) -> PartitionState:
        return await asyncio.to_thread(self._state, hub, partition)

    def _state(self, hub: str, partition: int) -> PartitionState:
        from confluent_kafka import KafkaException, TopicPartition
        from confluent_kafka.admin import AdminClient, OffsetSpec

        admin = AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 3})
        place = TopicPartition(hub, partition)
        try:
            begin, end, newest = (
                next(iter(admin.list_offsets({place: spec}, request_timeout=5).values())).result(10)
                for spec in (OffsetSpec.earliest(), OffsetSpec.latest(), OffsetSpec.max_timestamp())
            )
        except KafkaException as e:
            raise Stop(f"kafka at {self.bootstrap} does not answer: {e}") from e
        return PartitionState(begin.offset, end.offset, max(newest.timestamp, 0) if end.offset > begin.offset else 0)

    def close(self) -> None:
        """Stores what is under way, for at most 5 s."""
        self._producer.flush(5)
        self._stop.set()
        self._thread.join(1)
