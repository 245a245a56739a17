"""One small spec, one default history, and readings made from it; tests override what matters."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from acme_lib.contracts import FeatureSpec
from acme_lib.features import Frames
from acme_lib.features.frames import Reading

MINUTE = 60_000_000
START = 1_700_000_040_000_000  # a full minute

DEFAULT: dict[str, Any] = {
    "id": "press",
    "version": "1.0.0",
    "equipment_class": "press",
    "description": "a press",
    "frame": {"period_s": 60, "deadline_s": 60, "required": ["a", "b"], "optional": ["c"]},
    "windows": [2, 4],
    "stats": ["mean", "std", "min", "max", "slope"],
    "lags": [1],
    "ewm": [3],
    "cumulative": True,
    "baseline": 2,
    "age": True,
    "events": [{"tag": "alarm", "counts_h": [0.05], "since": True, "total": True}],
    "attributes": [{"tag": "kind", "type": "string"}, {"tag": "years", "type": "double"}],
}


def spec(**over: Any) -> FeatureSpec:
    return msgspec.convert({**DEFAULT, **over}, FeatureSpec)


def frames(values: Any, equipment_id: str = "p-1", **over: Any) -> Frames:
    """A history of one frame a minute from START."""
    table = np.array(values, dtype=np.float64)
    times = START + MINUTE * np.arange(len(table), dtype=np.int64)
    return Frames(equipment_id, times, table, over.get("events", {}), over.get("attributes", {}))


def noise(rows: int = 12, tags: int = 3, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(10, 2, (rows, tags))


def readings(of: Frames, tags: list[str]) -> list[Reading]:
    """Every value of a history as a reading, frame by frame."""
    return [
        (tag, int(at), float(value))
        for at, row in zip(of.times, of.values, strict=True)
        for tag, value in zip(tags, row, strict=True)
        if value == value
    ]
