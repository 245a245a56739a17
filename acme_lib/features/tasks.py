"""What Spark's workers do for features: readings to packed frames, packed frames to vectors. Arrow in, Arrow out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from acme_lib.contracts import FeatureSpec
from acme_lib.features.columns import assemble_columns
from acme_lib.features.compute import compute
from acme_lib.features.fitted import Fitted, version
from acme_lib.features.frames import Frames

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["ASSEMBLED", "assembling", "computing", "packed", "unpacked"]

ASSEMBLED = "equipment_id string, times binary, values binary, happened binary"
CHUNK_ROWS = 4096  # rows of one Arrow batch, so that a long history never lies whole in the JVM


def assembling(spec: FeatureSpec, known: list[str]) -> Callable[[pa.Table], pa.Table]:
    """Readings of one equipment (columns of sources.readings) to one row of `ASSEMBLED`."""

    def task(readings: pa.Table) -> pa.Table:
        import pyarrow as pa

        columns = {name: readings[name].to_numpy() for name in ("place", "at_us", "value", "arrival_us", "tie")}
        order = np.lexsort((columns["tie"], columns["arrival_us"]))
        place, at_us, value = (columns[name][order] for name in ("place", "at_us", "value"))
        text = readings["text"].combine_chunks()
        there = np.flatnonzero(~np.asarray(text.is_null())[order])
        texts = dict(zip(there.tolist(), text.take(pa.array(order[there])).to_pylist(), strict=True))
        equipment_id = readings["equipment_id"][0].as_py()
        frames = assemble_columns(spec, equipment_id, place.astype(np.int64), at_us, value, texts, known)
        return pa.Table.from_pylist([packed(frames)], schema=_packed_schema())

    return task


def computing(fitted: Fitted) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Packed frames to rows of feature_vectors."""

    def task(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in batch.to_pylist():
                yield from _rows(fitted, unpacked(fitted.spec, row))

    return task


def packed(frames: Frames) -> dict[str, Any]:
    """Frames as one row of plain bytes."""
    happened = {
        "events": [[*key, times.tolist()] for key, times in frames.events.items()],
        "attributes": [[tag, known] for tag, known in frames.attributes.items()],
    }
    return {
        "equipment_id": frames.equipment_id,
        "times": frames.times.tobytes(),
        "values": frames.values.tobytes(),
        "happened": msgspec.msgpack.encode(happened),
    }


def unpacked(spec: FeatureSpec, row: dict[str, Any]) -> Frames:
    """Inverse of `packed`."""
    happened = msgspec.msgpack.decode(row["happened"])
    return Frames(
        row["equipment_id"],
        np.frombuffer(row["times"], dtype=np.int64),
        np.frombuffer(row["values"], dtype=np.float64).reshape(-1, len(spec.frame.tags)),
        {(tag, value): np.array(times, dtype=np.int64) for tag, value, times in happened["events"]},
        {tag: [(at, value) for at, value in known] for tag, known in happened["attributes"]},
    )


def _rows(fitted: Fitted, frames: Frames) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows, tags = compute(fitted, frames), fitted.spec.frame.tags
    known = [tags.index(tag) for tag in fitted.known]
    required = np.array([tags[place] in fitted.spec.frame.required for place in known], dtype=bool)
    gone = np.isnan(frames.values[:, known])
    complete = ~(gone & required).any(axis=1)
    names = np.array(fitted.known, dtype=object)
    for begin in range(0, len(rows), CHUNK_ROWS):
        part = slice(begin, min(begin + CHUNK_ROWS, len(rows)))
        vectors, count = rows[part], part.stop - part.start
        offsets = np.arange(count + 1, dtype=np.int32) * vectors.shape[1]
        missing = [names[lacks].tolist() for lacks in gone[part]]
        yield pa.RecordBatch.from_arrays(
            [
                pa.repeat(version(fitted), count),
                pa.repeat(fitted.spec.id, count),
                pa.repeat(frames.equipment_id, count),
                pa.array(frames.times[part], pa.timestamp("us", "UTC")),
                pa.array(np.arange(part.start + 1, part.stop + 1), pa.int64()),
                pa.array(complete[part]),
                pa.array(missing, pa.list_(pa.string())),
                pa.ListArray.from_arrays(pa.array(offsets), pa.array(vectors.reshape(-1))),
            ],
            names=["feature_table_version", "spec", "equipment_id", "ts_utc", "frame", "complete", "missing", "vector"],
        )


def _packed_schema() -> pa.Schema:
    import pyarrow as pa

    kinds = {"equipment_id": pa.string(), "times": pa.binary(), "values": pa.binary(), "happened": pa.binary()}
    return pa.schema(list(kinds.items()))
