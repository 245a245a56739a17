"""A tiny model as a signed bundle: features of two tags, a linear ONNX graph, golden rows from NumPy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from acme_lib.contracts import FeatureSpec, contracts
from acme_lib.features import Fitted, Frames, compute, fit, names, version
from acme_lib.models.bands import Bands, answer
from acme_lib.models.bundle import Counters, generate_key
from acme_lib.models.bundle.assemble import assemble
from acme_lib.models.bundle.keys import write_pair
from acme_lib.models.bundle.parts import golden, input_schema

CREATED = datetime(2026, 11, 25, tzinfo=UTC)
HOUR_US = 3_600_000_000
BANDS = Bands(edges=(50.0,), below=(5.0, 20.0), above=(6.0, 10.0))


def some_frames(spec: FeatureSpec, equipment: str, n: int, seed: int) -> Frames:
    rng = np.random.default_rng(seed)
    values, times = rng.normal(500, 10, (n, len(spec.frame.tags))), np.arange(1, n + 1) * HOUR_US
    return Frames(equipment, times, values, {(e.tag, "error1"): times[5:7] for e in spec.events})


def linear(width: int, scale: float) -> bytes:
    """ONNX: 80 + scale * the mean of what is known of the features, [n, 1]."""
    from onnx import TensorProto, helper, numpy_helper

    weights = np.full((width, 1), scale / width, dtype=np.float32)
    nodes = [
        helper.make_node("IsNaN", ["features"], ["nan"]),
        helper.make_node("Where", ["nan", "zero", "features"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["sum"]),
        helper.make_node("Add", ["sum", "base"], ["value"]),
    ]
    constants = {"zero": np.float32(0), "weights": weights, "base": np.float32([80])}
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [None, width])],
        [helper.make_tensor_value_info("value", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    return bytes(model.SerializeToString())


class Shop:
    """Makes bundles of one use case as an operator would; every part can be overridden."""

    def __init__(self, home: Path, use_case: str = "rul") -> None:
        self.bundles, self.trust, self.keys = home / "bundle", home / "trust", home / "keys"
        self.bundles.mkdir(parents=True, exist_ok=True)
        self.key, self.use_case = generate_key(), use_case
        _, public = write_pair(self.keys, self.key)
        self.trust.mkdir(exist_ok=True)
        (self.trust / public.name).write_bytes(public.read_bytes())
        self.spec = contracts().feature_specs[contracts().use_cases[use_case].feature_spec]
        teachers = [some_frames(self.spec, f"testbed/turbofan/fd001/train/engine-{n:03d}", 40, n) for n in range(1, 4)]
        self.fitted: Fitted = fit(self.spec, teachers)
        self.names = names(self.fitted)
        self.counters = Counters(home / "edge" / "counters.json")

    def values(self, vectors: np.ndarray, scale: float = 10.0) -> Any:
        known = np.where(np.isnan(vectors), 0, vectors).astype(np.float32)
        return answer(
            BANDS, 80 + (known @ np.full(known.shape[1], scale / known.shape[1], np.float32)).astype(np.float64)
        )

    def vectors(self, n: int = 25, seed: int = 9) -> np.ndarray:
        return compute(self.fitted, some_frames(self.spec, "testbed/turbofan/fd001/test/engine-001", n, seed))

    def parts(self, scale: float = 10.0) -> dict[str, bytes]:
        vectors = self.vectors()
        return {
            "MLmodel": b"flavors: {onnx: {data: model.onnx}}\n",
            "model.onnx": linear(len(self.names), scale),
            "features.json": self.fitted.to_json(),
            "bands.json": BANDS.to_json(),
            "input_schema.json": msgspec.json.encode(input_schema(self.fitted, contracts())),
            "golden.json": msgspec.json.encode(golden(vectors, self.values(vectors, scale))),
            "MODEL_CARD.md": b"# rul\n",
        }

    def make(self, number: int, scale: float = 10.0, key: Any = None, out: Path | None = None, **parts: bytes) -> Path:
        files = {**self.parts(scale), **{name.replace("__", "."): data for name, data in parts.items()}}
        return assemble(
            files, out or self.bundles, key or self.key, use_case=self.use_case, model_version=str(number),
            feature_table_version=version(self.fitted), counter=number, created=CREATED,
        )  # fmt: skip

    def slots(self) -> Any:
        from edge_service.slots import Slots

        return Slots(self.bundles, self.trust, self.counters)


@pytest.fixture
def shop(tmp_path: Path, request: pytest.FixtureRequest) -> Shop:
    return Shop(tmp_path, getattr(request, "param", "rul"))


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """A request's row of a vector, by name."""

    def made(shop: Shop, vector: np.ndarray, **over: Any) -> dict[str, Any]:
        features = {n: None if np.isnan(v) else float(v) for n, v in zip(shop.names, vector, strict=True)}
        default = {"equipmentId": "testbed/turbofan/fd001/test/engine-001", "tsUtc": "2026-11-25T03:00:00Z"}
        return {**default, "features": {**features, **over.pop("features", {})}, **over}

    return made
