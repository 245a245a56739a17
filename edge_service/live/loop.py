"""The live path's loop: take, save, acknowledge, publish, in this order; what fails is tried again for ever. Once a second
it looks whose frames are over though nothing came."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

import structlog

from acme_lib.bridge.subscriber import Batch
from acme_lib.contracts import contracts
from acme_lib.errors import AcmeError, SlowDown
from acme_lib.inference import Dependency
from acme_lib.monitoring.registry import metrics
from acme_lib.settings import Settings
from edge_service.live.deadlines import read_now
from edge_service.live.engine import Engine, Taken
from edge_service.live.line import Line, account
from edge_service.live.store import Store
from edge_service.slots import Slots

__all__ = ["Live", "tags"]

log = structlog.get_logger("edge.live")
POLL_S, MOST, FEW, LINGER_S, AGAIN_S = 0.1, 2_000, 100, 0.004, 10.0
LOOK_US = 1_000_000


class Live:
    """`run` until told; `dependencies` for health, from any thread."""

    def __init__(self, settings: Settings, slots: Slots) -> None:
        self._settings, self._slots = settings, slots
        self._broker = Dependency(name="broker", state="connecting", detail=self._where)
        self._state = Dependency(name="state", state="ok")
        self._looked_us = 0

    @property
    def _where(self) -> str:
        return f"{self._settings.broker.host}:{self._settings.broker.port}"

    def dependencies(self) -> Sequence[Dependency]:
        return [self._broker, self._state]

    def run(self, told: threading.Event) -> None:
        """Never raises for what an operator can mend: says so in health and log, and tries again."""
        while not told.is_set():
            try:
                self._session(told)
            except AcmeError as e:
                log.error("live path stopped", error=str(e), again_s=AGAIN_S)
                self._broker = Dependency(name="broker", state="failed", detail=str(e))
                told.wait(AGAIN_S)

    def _session(self, told: threading.Event) -> None:
        """One life of store, connection and subscription; ends when told, or when other tags are wanted."""
        store, line = Store(self._settings.edge_dir / "live.db"), None
        try:
            wanted = self._wanted(told)
            line = Line(account(self._settings), [f"acme/+/+/+/+/+/{tag}" for tag in wanted], self._announce)
            engine = Engine(contracts(), store, self._settings.edge.id)
            for n, topic, body in store.unsent():  # saved before a crash, perhaps sent: the same ids
                line.send(n, topic, body)
            while not told.is_set() and tags(self._slots) == wanted:
                self._step(line, engine, store)
                done = line.acknowledged()
                store.sent(done)
                metrics.inc("acme_edge_published_total", len(done))
                metrics.set("acme_edge_outbox", line.waiting)
        finally:
            if line:
                line.close()
            store.close()

    def _wanted(self, told: threading.Event) -> list[str]:
        while not (found := tags(self._slots)) and not told.is_set():
            told.wait(0.2)
        return found

    def _step(self, line: Line, engine: Engine, store: Store) -> None:
        batches, now = _drained(line), read_now()
        publishes = [(p.topic, p.payload) for batch in batches for p in batch.publishes]
        # while a backlog is still coming, a machine's silence says nothing
        engine.listen(now.steady_us, line.connected and len(publishes) < MOST)
        if batches:
            self._done(engine.take(publishes, self._slots.serving, now), batches, line, store)
        if now.steady_us - self._looked_us >= LOOK_US:
            self._looked_us = now.steady_us
            expired = engine.expire(self._slots.serving, now)
            if expired.states:
                self._done(expired, [], line, store)

    def _done(self, taken: Taken, batches: Sequence[Batch], line: Line, store: Store) -> None:
        numbers = self._saved(store, taken)
        for batch in batches:
            batch.ack()  # PUBACK only now: features and predictions are on disk
        for n, (topic, body) in zip(numbers, taken.outgoing, strict=True):
            line.send(n, topic, body)
        for use_case, count in taken.predicted.items():
            metrics.inc("acme_edge_predictions_total", count, use_case=use_case, path="uns")

    def _saved(self, store: Store, taken: Taken) -> list[int]:
        """While the disk is full nothing is acknowledged, so nothing is lost."""
        while True:
            try:
                numbers = store.save(taken.states, taken.outgoing, taken.seen)
            except SlowDown as e:
                self._state = Dependency(name="state", state="failed", detail=str(e))
                log.error("not acknowledging", error=str(e))
                time.sleep(e.retry_after)
                continue
            self._state = Dependency(name="state", state="ok")
            return numbers

    def _announce(self, connected: bool) -> None:
        self._broker = Dependency(name="broker", state="ok" if connected else "connecting", detail=self._where)


def tags(slots: Slots) -> list[str]:
    """Tags that the serving models' features are made of."""
    specs = [slot.current.fitted.spec for slot in slots.serving.values()]
    found = {t for s in specs for t in (*s.frame.tags, *(e.tag for e in s.events), *(a.tag for a in s.attributes))}
    return sorted(found)


def _drained(line: Line) -> list[Batch]:
    """What is there; where that is little, what comes just after it too, since a commit costs the same."""
    first = line.poll(POLL_S, MOST)
    if first is None:
        return []
    if len(first.publishes) >= FEW:
        return [first]
    time.sleep(LINGER_S)
    more = line.poll(0, MOST)
    return [first, more] if more else [first]
