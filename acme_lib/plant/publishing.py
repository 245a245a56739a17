"""A stream of messages onto the broker: paced by its event time or as fast as it goes, logged as it is acknowledged."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from acme_lib.errors import WrongUse
from acme_lib.plant.message import Outgoing
from acme_lib.plant.proof import Proof
from acme_lib.plant.publish_log import PublishLog
from acme_lib.settings import BrokerSettings

if TYPE_CHECKING:
    from acme_lib.plant.publisher import Publisher

__all__ = ["IDENTITY", "Pace", "Published", "publish"]

IDENTITY = "plant-simulator"
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Pace:
    """How event time passes on the wall: `speed` times faster, or `rate` messages a second, or as fast as it goes."""

    speed: float | None = None
    rate: float | None = None

    def due_s(self, at_ms: int, first_ms: int, n: int) -> float:
        """Seconds after the start at which message `n` of event time `at_ms` is due; 0 for at once."""
        if self.rate:
            return n / self.rate
        return (at_ms - first_ms) / 1000 / self.speed if self.speed else 0.0

    @staticmethod
    def parse(speed: str, rate: float | None = None) -> Pace:
        """`speed`: a number above 0, or max. Raises WrongUse."""
        if rate is not None:
            if rate <= 0:
                raise WrongUse(f"--rate {rate}: give messages a second above 0")
            return Pace(rate=rate)
        if speed == "max":
            return Pace()
        try:
            factor = float(speed)
        except ValueError:
            factor = 0.0
        if not 0 < factor < float("inf"):
            raise WrongUse(f"--speed {speed}: give a number above 0 (1 is real time), or max")
        return Pace(speed=factor)


@dataclass
class Published:
    """What was acknowledged. `malformed` counts by reason/detail."""

    published: int = 0
    seconds: float = 0.0
    reconnects: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    malformed: Counter[str] = field(default_factory=Counter)
    first_at_ms: int | None = None
    last_at_ms: int | None = None

    @property
    def rate(self) -> float:
        return self.published / self.seconds if self.seconds else 0.0

    def count(self, message: Outgoing) -> None:
        self.published += 1
        expected = message.expectation
        self.kinds[expected.kind] += 1
        if expected.reason:
            self.malformed[f"{expected.reason}/{expected.detail}"] += 1


def publish(
    messages: Iterable[Outgoing],
    broker: BrokerSettings,
    log: Path | None = None,
    *,
    pace: Pace | None = None,
    identity: str = IDENTITY,
    proof: Proof | None = None,
    progress: Progress = lambda _n: None,
    patience_s: float = 60.0,
) -> Published:
    """Publishes all and returns once every PUBACK is in and the log is whole. Raises Stop on refusal or a lost broker."""
    from acme_lib.plant.publisher import Publisher

    found, book = Published(), PublishLog(log) if log else None

    def acknowledged(n: int, message: Outgoing, sent_ms: int) -> None:
        found.count(message)
        if book:
            book.add((n, message, sent_ms), time.monotonic())

    first_n = book.next_n if book else 0
    started = time.monotonic()
    try:
        with Publisher(
            broker.host, broker.port, identity, acknowledged, first_n=first_n, proof=proof, patience_s=patience_s
        ) as publisher:
            _send_all(messages, publisher, pace or Pace(), found, progress)
            publisher.drain()
            found.reconnects = publisher.reconnects
    finally:
        if book:
            book.close()
    found.seconds = time.monotonic() - started
    return found


def _send_all(
    messages: Iterable[Outgoing], publisher: Publisher, pace: Pace, found: Published, progress: Progress
) -> None:
    started, paced = time.monotonic(), pace.speed is not None or pace.rate is not None
    for n, message in enumerate(messages):
        if found.first_at_ms is None:
            found.first_at_ms = message.at_ms
        if paced and (early := pace.due_s(message.at_ms, found.first_at_ms, n) - (time.monotonic() - started)) > 0.002:
            publisher.wait(early)
        publisher.send(message)
        found.last_at_ms = message.at_ms
        if n % 256 == 0:
            progress(n)
