"""Training snapshots: the rows a model learned from, kept whole under their content hash and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acme_lib.models.dataset import Dataset, vectors_of
from acme_lib.models.inputs import Inputs
from acme_lib.models.store import Store, arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["keep", "kept"]


def keep(store: Store, found: Inputs, run_id: str) -> str:
    """Writes the snapshot where it isn't there yet; its id is its content. What a test row's truth is stays out of it."""
    data, snapshot_id = found.data, found.data.snapshot_id
    if not len(store.read("ml_training_snapshots", {"snapshot_id": snapshot_id}, ["frame"])):
        rows = _arrow(data, {"snapshot_id": snapshot_id, "use_case": found.case.id, "feature_table_version": found.feature_table_version})  # fmt: skip
        store.append("ml_training_snapshots", rows, {"run_id": run_id, "snapshot_id": snapshot_id})
    return snapshot_id


def kept(store: Store, snapshot_id: str) -> Dataset | None:
    """The snapshot's rows; None where it is not there, or no longer what its id says."""
    rows = store.read("ml_training_snapshots", {"snapshot_id": snapshot_id})
    if not len(rows):
        return None
    rows = rows.sort_by([("equipment_id", "ascending"), ("ts_utc", "ascending")])
    found = Dataset(
        np.array(rows["equipment_id"].to_pylist()),
        rows["ts_utc"].to_numpy().astype("datetime64[us]").astype(np.int64),
        rows["frame"].to_numpy().astype(np.int64),
        np.ones(len(rows), dtype=bool),
        vectors_of(rows),
        rows["label"].to_numpy(zero_copy_only=False).astype(np.float64),
        np.array(rows["split"].to_pylist()),
    )
    return found if found.snapshot_id == snapshot_id else None


def _arrow(data: Dataset, fixed: dict[str, str]) -> pa.Table:
    import pyarrow as pa

    count, width = data.vectors.shape
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * width)
    columns = {
        **{name: pa.repeat(pa.scalar(value), count) for name, value in fixed.items()},
        "equipment_id": pa.array(data.equipment.tolist()),
        "ts_utc": pa.array(data.at, pa.timestamp("us", "UTC")),
        "frame": pa.array(data.frame),
        "label": pa.array(data.label, mask=np.isnan(data.label)),
        "split": pa.array(data.split.tolist()),
        "vector": pa.ListArray.from_arrays(offsets, pa.array(data.vectors.reshape(-1))),
    }
    schema = arrow_schema("ml_training_snapshots")
    return pa.Table.from_arrays([columns[f.name] for f in schema], schema=schema)
