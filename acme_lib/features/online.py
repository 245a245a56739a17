"""Online execution: one equipment, reading by reading, in bounded memory. The kernel is the batch's own."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.errors import WrongUse
from acme_lib.features.assembler import Assembler, Closed, Value
from acme_lib.features.fitted import Fitted, version
from acme_lib.features.kernel import Memory, advance, remembered
from acme_lib.features.spelling import spelled

__all__ = ["FrameVector", "Online"]


class FrameVector(NamedTuple):
    """Features of one closed frame. `ts_us`: its start, microseconds since 1970; `frame` counts from 1; `vector` float32
    in the order of `names`; `missing`: tags known from training that did not come; complete: no required one is among them.
    """

    ts_us: int
    frame: int
    vector: npt.NDArray[np.float32]
    complete: bool
    missing: tuple[str, ...]


class Online:
    """Features of one equipment as its readings arrive."""

    def __init__(self, fitted: Fitted, equipment_id: str) -> None:
        self.fitted, self.equipment_id = fitted, equipment_id
        self._assembler = Assembler(fitted.spec, fitted.known)
        self._memory = remembered(fitted)
        tags = fitted.spec.frame.tags
        self._known = [(tags.index(tag), tag) for tag in fitted.known]
        self._required = set(fitted.spec.frame.required)

    def add(self, tag: str, ts_us: int, value: Value) -> list[FrameVector]:
        """Takes one reading; returns the frames it closes, oldest first."""
        closed = self._assembler.add(tag, ts_us, value)
        return self._vectors(closed) if closed else []

    def advance(self, now_us: int) -> list[FrameVector]:
        """Closes the frames whose deadline has passed at event time `now_us`."""
        return self._vectors(self._assembler.advance(now_us))

    def flush(self) -> list[FrameVector]:
        """Closes every open frame: the history has ended."""
        return self._vectors(self._assembler.flush())

    def state(self) -> bytes:
        """All that a restart needs; the same calls after `restore` give the same frames."""
        memory = self._memory
        arrays = {name: _packed(getattr(memory, name)) for name in ("recent", "smooth", "total", "first")}
        happened = memory.happenings
        return msgspec.msgpack.encode(
            {
                "version": version(self.fitted),
                "equipment_id": self.equipment_id,
                "assembler": self._assembler.state(),
                "age": memory.age,
                **arrays,
                "events": [[*key, times, happened.before.get(key, 0)] for key, times in happened.events.items()],
                "attributes": [[tag, known] for tag, known in happened.attributes.items()],
            }
        )

    @classmethod
    def restore(cls, fitted: Fitted, state: bytes) -> Online:
        """Inverse of `state`. Raises WrongUse where the state is of another feature version, or no state."""
        try:
            found: dict[str, Any] = msgspec.msgpack.decode(state)
            if found["version"] != version(fitted):
                raise WrongUse(
                    f"feature state is of {found['version']}, not {version(fitted)}; start {found['equipment_id']} anew"
                )
            self = cls(fitted, found["equipment_id"])
            self._assembler.restore(found["assembler"])
            _fill(self._memory, found)
        except (msgspec.DecodeError, KeyError, TypeError, ValueError) as e:
            raise WrongUse(f"feature state can't be read ({e}); start the equipment anew") from e
        return self

    def _vectors(self, closed: list[Closed]) -> list[FrameVector]:
        return [self._vector(frame) for frame in closed]

    def _vector(self, frame: Closed) -> FrameVector:
        memory, assembler = self._memory, self._assembler
        if assembler.events or assembler.attributes:
            memory.happenings.take(assembler.events, assembler.attributes)
            assembler.events, assembler.attributes = {}, {}
        row = advance(self.fitted, memory, np.array([frame.start_us]), np.array([frame.values]))[0]
        missing = tuple(tag for place, tag in self._known if math.isnan(frame.values[place]))
        complete = not missing or self._required.isdisjoint(missing)
        return FrameVector(frame.start_us, memory.age, row, complete, missing)


def _packed(array: npt.NDArray[np.float64]) -> list[Any]:
    return [list(array.shape), array.tobytes()]


def _fill(memory: Memory, state: dict[str, Any]) -> None:
    for name in ("recent", "smooth", "total", "first"):
        shape, content = state[name]
        setattr(memory, name, np.frombuffer(content, dtype=np.float64).reshape(shape).copy())
    memory.age = state["age"]
    for tag, value, times, before in state["events"]:
        memory.happenings.take({(tag, value): times}, {})  # a state of older code may hold one event in two spellings
        key = (tag, spelled(value))
        memory.happenings.before[key] = memory.happenings.before.get(key, 0) + before
    memory.happenings.attributes = {tag: [(at, v) for at, v in known] for tag, known in state["attributes"]}
