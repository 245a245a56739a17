"""A use case's rows: vectors, labels and split of all its equipment, in one order, with one content hash."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import FeatureSpec, UseCase
from acme_lib.errors import Stop
from acme_lib.models.labels import labels
from acme_lib.models.splits import split

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Dataset", "dataset", "vectors_of"]

DIGITS = 16
Names = npt.NDArray[np.str_]
Rows = npt.NDArray[np.bool_]
Events = Mapping[str, npt.NDArray[np.int64]]  # equipment -> ascending microseconds since 1970


@dataclass(frozen=True)
class Dataset:
    """n rows in order of equipment and time. `at` microseconds since 1970, `vectors` float32[n, features], `label`
    float64[n] with NaN where unknown, `split` train, test or gap."""

    equipment: Names
    at: npt.NDArray[np.int64]
    frame: npt.NDArray[np.int64]
    complete: Rows
    vectors: npt.NDArray[np.float32]
    label: npt.NDArray[np.float64]
    split: Names

    def __len__(self) -> int:
        return len(self.at)

    def of(self, rows: Rows) -> Dataset:
        """The chosen rows."""
        return Dataset(*(getattr(self, name)[rows] for name in self.__dataclass_fields__))

    def labelled(self, part: str) -> Dataset:
        """Rows of one split whose truth is known."""
        return self.of((self.split == part) & np.isfinite(self.label))

    @property
    def last(self) -> Rows:
        """True at the last row of each equipment."""
        return np.append(self.equipment[1:] != self.equipment[:-1], True)

    def answered(self, left: Mapping[str, float], period_us: int, cap: float | None) -> Dataset:
        """With answers from outside: periods of life `left` after an equipment's last row."""
        label = self.label.copy()
        for name, rest in left.items():
            rows = np.flatnonzero(self.equipment == name)
            if len(rows):
                found = rest + (self.at[rows[-1]] - self.at[rows]) // period_us
                label[rows] = found if cap is None else np.minimum(found, cap)
        return replace(self, label=label)

    @property
    def snapshot_id(self) -> str:
        """Content hash: the same rows give the same id, whatever table or machine they come from."""
        found = hashlib.sha256("\n".join(self.equipment.tolist()).encode())
        found.update("\n".join(self.split.tolist()).encode())
        for column in (self.at, self.frame, self.label):
            found.update(np.ascontiguousarray(column).tobytes())
        vectors = np.where(np.isnan(self.vectors), np.float32(np.nan), self.vectors)  # one NaN of the many there are
        found.update(np.ascontiguousarray(vectors, dtype="<f4").tobytes())
        return found.hexdigest()[:DIGITS]


def dataset(case: UseCase, spec: FeatureSpec, rows: pa.Table, events: Events) -> Dataset:
    """From rows of feature_vectors and the label's events. Raises Stop where there are no rows, WrongUse where a side of
    the split is empty."""
    if not len(rows):
        raise Stop(f"{case.id}: feature_vectors holds no rows of {spec.id}; build the features first")
    rows = rows.sort_by([("equipment_id", "ascending"), ("ts_utc", "ascending")])
    equipment = np.array(rows["equipment_id"].to_pylist())
    at = rows["ts_utc"].to_numpy().astype("datetime64[us]").astype(np.int64)
    vectors = vectors_of(rows)
    frame = rows["frame"].to_numpy().astype(np.int64)
    complete = np.asarray(rows["complete"].to_numpy().astype(bool))
    found = Dataset(
        equipment, at, frame, complete, vectors, np.full(len(rows), np.nan), split(case.split, equipment, at)
    )
    return replace(found, label=_labels(case, spec, found, events))


def vectors_of(rows: pa.Table) -> npt.NDArray[np.float32]:
    """Column `vector` as float32[n, features]."""
    vector = rows["vector"].combine_chunks()
    return np.asarray(vector.flatten().to_numpy(zero_copy_only=False), dtype=np.float32).reshape(len(rows), -1)


def _labels(case: UseCase, spec: FeatureSpec, rows: Dataset, events: Events) -> npt.NDArray[np.float64]:
    """By equipment; what is known of it ends with its last frame or its last event."""
    period, found = round(spec.frame.period_s * 1e6), np.full(len(rows), np.nan)
    for name in np.unique(rows.equipment):
        own = np.flatnonzero(rows.equipment == name)
        happened = events.get(str(name), np.zeros(0, dtype=np.int64))
        known_until = max(int(rows.at[own[-1]]) + period, int(happened[-1]) if len(happened) else 0)
        found[own] = labels(case.label, rows.at[own], happened, period, known_until)
    return found
