"""Frames: readings of one equipment as rows of simultaneous tags, by the one rule that batch and edge share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import FeatureSpec
from acme_lib.features.assembler import Assembler, Closed, Value

__all__ = ["Frames", "Reading", "assemble"]

Reading = tuple[str, int, Value]  # tag, microseconds since 1970, value


@dataclass(frozen=True)
class Frames:
    """History of one equipment, frames in ascending time.

    `times` int64[n], start of each frame in microseconds since 1970 (UTC). `values` float64[n, len(spec.frame.tags)] in
    that order, NaN where missing. `events` {(tag, value): ascending int64[k] microseconds}, `attributes` {tag: [(since
    microseconds, value), ...]} ascending. An event or attribute that came after a frame had closed is dated just behind
    that frame: it is known from the next one on.
    """

    equipment_id: str
    times: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    events: dict[tuple[str, str], npt.NDArray[np.int64]] = field(default_factory=dict)
    attributes: dict[str, list[tuple[int, float | str]]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times)

    def until(self, us: int) -> Frames:
        """What was known when the last frame up to `us` closed: the cut-off that point-in-time tests recompute at."""
        n = int(np.searchsorted(self.times, us, side="right"))
        events = {key: times[times <= us] for key, times in self.events.items() if len(times) and times[0] <= us}
        attributes = {
            tag: [(at, v) for at, v in known if at <= us]
            for tag, known in self.attributes.items()
            if known and known[0][0] <= us
        }
        return Frames(self.equipment_id, self.times[:n], self.values[:n], events, attributes)


def assemble(
    spec: FeatureSpec, readings: Iterable[Reading], equipment_id: str = "", known: Sequence[str] | None = None
) -> Frames:
    """Readings, in the order of their arrival, as frames; at the end every open frame closes.

    `known`: the tags that training knows (Fitted.known); all of the spec's where absent, which changes only how early a
    frame closes.
    """
    assembler = Assembler(spec, known)
    closed: list[Closed] = []
    for tag, at_us, value in readings:
        closed += assembler.add(tag, at_us, value)
    return framed(spec, equipment_id, closed + assembler.flush(), assembler)


def framed(spec: FeatureSpec, equipment_id: str, closed: Sequence[Closed], assembler: Assembler) -> Frames:
    """Closed frames and the assembler's events as one history."""
    return Frames(
        equipment_id,
        np.array([frame.start_us for frame in closed], dtype=np.int64),
        np.array([frame.values for frame in closed], dtype=np.float64).reshape(len(closed), len(spec.frame.tags)),
        {key: np.array(sorted(times), dtype=np.int64) for key, times in assembler.events.items()},
        {tag: sorted(known, key=lambda at: at[0]) for tag, known in assembler.attributes.items()},
    )
