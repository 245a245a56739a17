"""Frames out of columns of readings: NumPy where the readings lie in order of time, the frame rule itself where not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import FeatureSpec
from acme_lib.features.assembler import Value
from acme_lib.features.frames import Frames, assemble

__all__ = ["assemble_columns", "places"]

Integers = npt.NDArray[np.int64]


def places(spec: FeatureSpec) -> list[str]:
    """Every tag a spec reads: those of the frame first, in order, then events and attributes; a reading's place is here."""
    return [*spec.frame.tags, *(e.tag for e in spec.events), *(a.tag for a in spec.attributes)]


def assemble_columns(
    spec: FeatureSpec, equipment_id: str, place: Integers, at_us: Integers, values: Sequence[Value] | npt.NDArray[np.float64],
    texts: dict[int, Value], known: Sequence[str],
) -> Frames:  # fmt: skip
    """The same as `assemble` of the readings in this order. `place`: index into `places`; `values` float64[n];
    `texts`: what a reading that is no number says, by its row."""
    tags, numbers = len(spec.frame.tags), np.asarray(values, dtype=np.float64)
    gauge = place < tags
    ahead = np.maximum.accumulate(at_us) if len(at_us) else at_us
    in_order = bool((at_us == ahead).all())
    if in_order and len(at_us):
        same = at_us[1:] == at_us[:-1]
        in_order = not bool((same & gauge[:-1] & ~gauge[1:]).any())  # an event behind readings of its instant is late
    if not in_order:
        names = places(spec)
        rows = zip(place.tolist(), at_us.tolist(), numbers.tolist(), strict=True)
        readings = ((names[p], at, texts.get(n, value)) for n, (p, at, value) in enumerate(rows))
        return assemble(spec, readings, equipment_id, known)
    others = np.flatnonzero(~gauge)
    said = assemble(
        spec,
        ((places(spec)[place[n]], int(at_us[n]), texts.get(int(n), float(numbers[n]))) for n in others),
        known=known,
    )
    wide = gauge & ~np.isnan(numbers)
    starts, frame = np.unique(at_us[gauge] - at_us[gauge] % round(spec.frame.period_s * 1e6), return_inverse=True)
    table = np.full((len(starts), tags), np.nan)
    row = np.zeros(len(at_us), dtype=np.int64)
    row[gauge] = frame
    last_first = np.flatnonzero(wide)[::-1]  # of equal cells the last assignment stays: the first reading
    table[row[last_first], place[last_first]] = numbers[last_first]
    return Frames(equipment_id, starts.astype(np.int64), table, said.events, said.attributes)
