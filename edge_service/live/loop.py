"""The live path's loop: take, save, acknowledge, publish, in this order; what fails is tried again for ever. Once a second
it looks whose frames are over though nothing came."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence

import structlog
from msgspec.structs import replace

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
        self._left_out = Counter[str]()
        self._looked_us = 0

    @property
    def _where(self) -> str:
        return f"{self._settings.broker.host}:{self._settings.broker.port}"

    def dependencies(self) -> Sequence[Dependency]:
        """The broker's detail names the readings that were left out since the start, by rule."""
        left_out = ", ".join(f"{rule} {count}" for rule, count in sorted(self._left_out.items()))
        detail = f"{self._broker.detail}; left out: {left_out}" if left_out else self._broker.detail
        return [replace(self._broker, detail=detail), self._state]

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
            while not told.is_set() and tags(self._slots) == wanted:
                self._step(line, engine, store)
                done = line.acknowledged()
                store.sent(done)
                metrics.inc("acme_edge_published_total", len(done))
                metrics.set("acme_edge_outbox", store.waiting)
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
            self._done(engine.take(publishes, self._slots.serving, now), batches, store)
        if now.steady_us - self._looked_us >= LOOK_US:
            self._looked_us = now.steady_us
            expired = engine.expire(self._slots.serving, now)
            if expired.states:
                self._done(expired, [], store)
        _hand_over(line, store)

    def _done(self, taken: Taken, batches: Sequence[Batch], store: Store) -> None:
        self._save(store, taken)
        for batch in batches:
            batch.ack()  # PUBACK only now: features and predictions are on disk
        for use_case, count in taken.predicted.items():
            metrics.inc("acme_edge_predictions_total", count, use_case=use_case, path="uns")
        for rule, count in taken.left_out.items():
            metrics.inc("acme_edge_left_out_total", count, rule=rule)
        self._left_out = self._left_out + taken.left_out  # a new one: health reads it from another thread

    def _save(self, store: Store, taken: Taken) -> None:
        """While the disk is full nothing is acknowledged, so nothing is lost."""
        while True:
            try:
                store.save(taken.states, taken.outgoing, taken.seen)
            except SlowDown as e:
                self._state = Dependency(name="state", state="failed", detail=str(e))
                log.error("not acknowledging", error=str(e))
                time.sleep(e.retry_after)
                continue
            self._state = Dependency(name="state", state="ok")
            return

    def _announce(self, connected: bool) -> None:
        self._broker = Dependency(name="broker", state="ok" if connected else "connecting", detail=self._where)


def tags(slots: Slots) -> list[str]:
    """Tags that the serving models' features are made of."""
    specs = [slot.current.fitted.spec for slot in slots.serving.values()]
    found = {t for s in specs for t in (*s.frame.tags, *(e.tag for e in s.events), *(a.tag for a in s.attributes))}
    return sorted(found)


def _hand_over(line: Line, store: Store) -> None:
    """The next of the outbox, oldest first; after a crash or a loss perhaps sent already: the same ids."""
    room = line.room
    for number, topic, body in store.unsent(line.last, room) if room else []:
        if not line.send(number, topic, body):
            return


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
