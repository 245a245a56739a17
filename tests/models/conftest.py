"""Stores filled from the public files by plain Python: what Silver and the feature job would hold, without Spark."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from acme_lib.contracts import contracts
from acme_lib.features import compute, fit, names, version
from acme_lib.features.columns import assemble_columns, places
from acme_lib.models.store import MemoryStore, arrow_schema
from acme_lib.plant.historian import histories

DATA = Path(os.environ.get("ACME_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def filled(form: str, folder: Path, spec_id: str, limit: int | None = None, **kept: str) -> MemoryStore:
    """feature_vectors, feature_versions and the events of silver_events."""
    import pyarrow as pa

    spec, store = contracts().feature_specs[spec_id], MemoryStore()
    order = {tag: n for n, tag in enumerate(places(spec))}
    rows: dict[str, list[tuple[int, int, object]]] = {}
    events = []
    for history in histories(form, folder, split="both", limit=limit, **kept):
        for r in history.readings():
            at_us = (r.ts_ms if r.ts_ms is not None else r.at_ms) * 1000
            if r.tag in order:
                rows.setdefault(r.equipment, []).append((order[r.tag], at_us, r.value))
            if r.tag == "failure":
                events.append(
                    {
                        "equipment_id": r.equipment,
                        "tag": "failure",
                        "ts_utc": datetime.fromtimestamp(at_us / 1e6, UTC),
                        "in_gold": True,
                    }
                )
    frames = []
    for equipment, found in sorted(rows.items()):
        place, at, value = zip(*found, strict=True)
        texts = {n: v for n, v in enumerate(value) if isinstance(v, str)}
        number = np.array([np.nan if isinstance(v, str) else float(v) for v in value])  # type: ignore[arg-type]
        frames.append(assemble_columns(spec, equipment, np.array(place), np.array(at), number, texts, spec.frame.tags))  # type: ignore[arg-type]
    fitted = fit(spec, frames)
    for f in frames:
        vectors = compute(fitted, f)
        count = len(vectors)
        table = pa.table(
            {
                "feature_table_version": [version(fitted)] * count, "spec": [spec.id] * count, "equipment_id": [f.equipment_id] * count,
                "ts_utc": pa.array(f.times, pa.timestamp("us", "UTC")), "frame": np.arange(1, count + 1), "complete": [True] * count,
                "missing": pa.array([[]] * count, pa.list_(pa.string())), "vector": pa.array(list(vectors), pa.list_(pa.float32())),
            }
        )  # fmt: skip
        store.append("feature_vectors", table, {})
    made = {
        "feature_table_version": version(fitted),
        "spec": spec.id,
        "spec_json": "{}",
        "fitted_json": fitted.to_json().decode(),
        "names": list(names(fitted)),
        "seen_ahead": [],
        "equipment": len(frames),
        "created_utc": NOW,
        "run_id": "test",
    }
    store.append_rows("feature_versions", [made], {})
    store.tables["silver_events"] = pa.Table.from_pylist(events, schema=arrow_schema("silver_events"))
    return store


@pytest.fixture(scope="session")
def engines() -> MemoryStore:
    """Eight engines that train and as many that test."""
    if not (DATA / "cmapss").is_dir():
        pytest.skip(f"no public data in {DATA}; set ACME_DATA")
    return filled("cmapss", DATA / "cmapss", "turbofan", limit=8)
