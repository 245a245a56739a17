"""From readings to prediction messages. The same readings give the same messages, ids included, however often they come."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import orjson
import structlog

from acme_lib.contracts import Contracts, UseCase
from acme_lib.errors import WrongUse
from acme_lib.features import FrameVector, Online
from acme_lib.uns import message_id
from edge_service.live.deadlines import Deadlines, Now
from edge_service.live.readings import Reading, Readings
from edge_service.live.store import Key, State, Store
from edge_service.model import Model
from edge_service.slots import Slot

__all__ = ["Engine", "Taken"]

log = structlog.get_logger("edge.live")


@dataclass
class Taken:
    """What one batch changed, to be saved as one. `outgoing`: (topic, payload) in order; `left_out`: readings, by rule."""

    states: dict[Key, State] = field(default_factory=dict)
    outgoing: list[tuple[str, bytes]] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    predicted: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


class Engine:
    """Keeps the online features of every equipment it has met. One thread."""

    def __init__(self, of: Contracts, store: Store, source_system: str) -> None:
        self._of, self._store, self._source = of, store, source_system
        self._readings = Readings(of)
        self._schema_version = of.reasons.accepted_schema_versions[-1]
        self._online: dict[Key, Online] = {}
        self._began: dict[Key, int] = {}
        self._deadlines = Deadlines(store.live())

    def listen(self, steady_us: int, hearing: bool) -> None:
        """Told before each `take` and `expire` whether what the plant sends is heard now."""
        self._deadlines.listen(steady_us, hearing)

    def take(self, publishes: Iterable[tuple[str, bytes]], serving: Mapping[str, Slot], now: Now) -> Taken:
        """Moves the features on and predicts every frame that closed. `publishes`: (topic, payload), in their order."""
        taken, touched = Taken(), set[Key]()
        models = _models(serving)
        for topic, payload in publishes:
            reading = self._readings.read(topic, payload, now.utc_us)
            if isinstance(reading, Reading):
                touched |= self._move(reading, models, taken, now.steady_us)
            else:
                taken.left_out[reading] += 1
        return self._with_states(taken, touched)

    def expire(self, serving: Mapping[str, Slot], now: Now) -> Taken:
        """Closes and predicts the frames of live equipment whose deadline has passed though nothing came."""
        taken, touched = Taken(), set[Key]()
        for key in sorted(self._deadlines.keys()):
            models = [m for m in _models(serving) if m.manifest.feature_table_version == key[0]]
            until_us = self._deadlines.passed(key, models[0].fitted.spec, now) if models else None
            if until_us is not None:
                closed = self._features(key, models[0]).advance(until_us)
                for model in models if closed else []:
                    touched.add(key)
                    self._predict_all(model, key, closed, False, taken)
        return self._with_states(taken, touched)

    def _with_states(self, taken: Taken, touched: set[Key]) -> Taken:
        for key in sorted(touched):
            taken.states[key] = State(self._began.get(key), self._online[key].state(), self._deadlines.newest(key))
        return taken

    def _move(self, reading: Reading, models: list[Model], taken: Taken, steady_us: int) -> set[Key]:
        """One reading into the features of each version that wants it, once; those that moved."""
        asked = [m for m in models if _wants(m, reading)]
        if not asked:
            return set()
        if self._readings.behind(reading, self._newest(asked, reading.equipment)):
            taken.left_out["CLOCK"] += 1
            return set()
        if any(_adds_up(m, reading.tag) for m in asked):
            # a telemetry reading that comes twice changes nothing by the frame rule; an event would be counted twice
            if self._store.is_seen(reading.message_id) or reading.message_id in taken.seen:
                return set()
            taken.seen.append(reading.message_id)
        closed: dict[Key, list[FrameVector]] = {}
        for model in asked:
            key = (model.manifest.feature_table_version, reading.equipment)
            if key not in closed:
                closed[key] = self._features(key, model).add(reading.tag, reading.ts_us, reading.value)
                if reading.tag in model.fitted.spec.frame.tags:
                    self._deadlines.heard(key, reading.ts_us, not reading.replayed, steady_us)
            self._predict_all(model, key, closed[key], reading.replayed, taken)
        return set(closed)

    def _newest(self, models: list[Model], equipment: str) -> int | None:
        """Event time of the equipment's newest live reading."""
        found = [self._deadlines.newest((m.manifest.feature_table_version, equipment)) for m in models]
        return max((us for us in found if us is not None), default=None)

    def _features(self, key: Key, model: Model) -> Online:
        if key not in self._online:
            self._online[key] = self._restored(key, model) or Online(model.fitted, key[1])
        return self._online[key]

    def _restored(self, key: Key, model: Model) -> Online | None:
        state = self._store.state(key)
        if state is None:
            return None
        if state.began_us is not None:
            self._began[key] = state.began_us
        try:
            return Online.restore(model.fitted, state.body)
        except WrongUse as e:
            log.warning("features start anew", equipment=key[1], reason=str(e))
            self._began.pop(key, None)
            return None

    def _predict_all(self, model: Model, key: Key, closed: list[FrameVector], replayed: bool, taken: Taken) -> None:
        for frame in closed:
            self._began.setdefault(key, frame.ts_us)
            self._predict(model, key, frame, replayed, taken)

    def _predict(self, model: Model, key: Key, frame: FrameVector, replayed: bool, taken: Taken) -> None:
        """Row by row, not by batch: then the answer does not hang on what else happened to arrive."""
        found = model.predict(frame.vector[None, :])
        case, equipment_class = self._of.use_cases[model.manifest.use_case], self._readings.class_of(key[1])
        values = {"": found.value[0], "_low": found.low[0], "_high": found.high[0]}
        correlation_id = ""
        for suffix, value in values.items():
            unit = self._readings.unit(equipment_class or "", case.prediction_tag + suffix)
            if unit is None or not math.isfinite(value):
                continue
            topic = f"acme/{key[1]}/{case.prediction_tag}{suffix}"
            message = self._message(model, case, key, frame, replayed, topic)
            correlation_id = correlation_id or str(message["messageId"])
            message |= {"value": float(value), "units": unit, "correlationId": correlation_id}
            taken.outgoing.append((topic, orjson.dumps(message)))
        taken.predicted[case.id] = taken.predicted.get(case.id, 0) + 1

    def _message(
        self, model: Model, case: UseCase, key: Key, frame: FrameVector, replayed: bool, topic: str
    ) -> dict[str, object]:
        """Everything but the value. The epoch names use case, model version and the first frame of these features:
        features that had to start anew never reuse an id."""
        version = model.manifest.model_version
        epoch = f"{case.id}-{version}-{self._began[key] // 1_000_000}"[:64]
        seq = frame.frame - 1
        message: dict[str, object] = {
            "messageId": message_id(self._source, topic, epoch, seq),
            "tsUtc": f"{datetime.fromtimestamp(frame.ts_us // 1_000_000, UTC):%Y-%m-%dT%H:%M:%S}.{frame.ts_us // 1000 % 1000:03d}Z",
            "topic": topic,
            "quality": "GOOD" if frame.complete else "STALE",
            "sourceSystem": self._source,
            "lineageVersion": f"{version}.0.0" if version.isdigit() else "0.0.0",
            "schemaVersion": self._schema_version,
            "epoch": epoch,
            "seq": seq,
        }
        return message | ({"replayed": True} if replayed else {})


def _models(serving: Mapping[str, Slot]) -> list[Model]:
    return [slot.current for _, slot in sorted(serving.items())]


def _wants(model: Model, reading: Reading) -> bool:
    spec = model.fitted.spec
    return reading.equipment_class in spec.classes and (reading.tag in spec.frame.tags or _adds_up(model, reading.tag))


def _adds_up(model: Model, tag: str) -> bool:
    """True for tags whose every message counts: events, and labels."""
    spec = model.fitted.spec
    return any(e.tag == tag for e in spec.events) or any(a.tag == tag for a in spec.attributes)
