"""From a registered version to a bundle: the next counter, every file signed, nothing whose golden rows come out otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import Stop, WrongUse
from acme_lib.features import Frames, compute, fit, names, version
from acme_lib.models.bands import Bands, answer
from acme_lib.models.bundle import generate_key, load_trust, verify, write_pair
from acme_lib.models.bundle.build import build
from acme_lib.models.bundle.parts import difference, golden, input_schema
from acme_lib.models.candidate import Facts
from acme_lib.models.recipe import Recipe
from acme_lib.models.registry import MemoryRegistry

NOW = datetime(2026, 11, 25, tzinfo=UTC)
BANDS = Bands(below=(5.0,), above=(6.0,))


def turbofan() -> tuple[Any, np.ndarray]:
    spec = contracts().feature_specs["turbofan"]
    rng = np.random.default_rng(1)
    times = np.arange(1, 31) * 3_600_000_000
    frames = Frames("testbed/turbofan/fd001/train/engine-001", times, rng.normal(500, 9, (30, len(spec.frame.tags))))
    fitted = fit(spec, [frames])
    return fitted, compute(fitted, frames)


def mean_of(width: int) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("IsNaN", ["features"], ["nan"]),
        helper.make_node("Where", ["nan", "zero", "features"], ["known"]),
        helper.make_node("MatMul", ["known", "weights"], ["value"]),
    ]
    constants = [
        numpy_helper.from_array(np.float32(0), "zero"),
        numpy_helper.from_array(np.full((width, 1), 1 / width, np.float32), "weights"),
    ]
    ends = [
        helper.make_tensor_value_info(n, TensorProto.FLOAT, [None, k]) for n, k in (("features", width), ("value", 1))
    ]
    graph = helper.make_graph(nodes, "mean", ends[:1], ends[1:], constants)
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9).SerializeToString()
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder as training leaves it."""
    fitted, vectors = turbofan()
    raw = np.where(np.isnan(vectors), 0, vectors).mean(axis=1).astype(np.float64)
    facts = Facts(
        use_case="rul", feature_table_version=version(fitted), snapshot_id="s", git_sha="g", recipe=Recipe(), seeds=[1],
        threshold=0.5, trained_utc="2026-11-25T00:00:00Z", cross_validation={}, environment={},
    )  # fmt: skip
    files = {
        "MLmodel": b"flavors: {onnx: {data: model.onnx}}\n",
        "model.onnx": mean_of(len(names(fitted))),
        "features.json": fitted.to_json(),
        "bands.json": BANDS.to_json(),
        "training.json": msgspec.json.encode(facts),
        "input_schema.json": msgspec.json.encode(input_schema(fitted, contracts())),
        "golden.json": msgspec.json.encode(golden(vectors, answer(BANDS, raw))),
        "MODEL_CARD.md": b"# rul\n",
    }
    made = tmp_path / "model"
    made.mkdir()
    for name, data in files.items():
        (made / name).write_bytes(data)
    return made


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return write_pair(tmp_path / "keys", generate_key())[0]


def test_each_build_has_the_next_counter_and_signs_every_file(tmp_path: Path, folder: Path, key: Path) -> None:
    registry = MemoryRegistry(tmp_path / "registry")
    registry.add("acme-rul", folder, "run", {})
    registry.add("acme-rul", folder, "run", {})
    registry.point("acme-rul", "staging", "2")
    trust = load_trust(key.parent)
    first = verify(build(registry, "acme-rul", "1", tmp_path / "bundle", key, NOW), trust)
    second = verify(build(registry, "rul", "staging", tmp_path / "bundle", key, NOW), trust)
    assert (first.model_version, first.counter, second.model_version, second.counter) == ("1", 1, "2", 2)
    assert set(first.files) == {p.name for p in folder.iterdir()}
    assert first.feature_table_version == version(turbofan()[0])


class Validated(MemoryRegistry):
    """One whose version 2 was validated."""

    def finished_card(self, model: str, version: str) -> bytes | None:
        return b"# rul, version 2: the test set was opened once\n" if version == "2" else None


@pytest.mark.parametrize(
    ("wanted", "said"), [("1", "# rul\n"), ("2", "# rul, version 2: the test set was opened once\n")]
)
def test_the_card_that_validation_finished_is_the_one_that_is_signed(tmp_path: Path, folder: Path, key: Path, wanted: str, said: str) -> None:  # fmt: skip
    registry = Validated(tmp_path / "registry")
    for _ in range(2):
        registry.add("acme-rul", folder, "run", {})
    made = build(registry, "rul", wanted, tmp_path / "bundle", key, NOW)
    verify(made, load_trust(key.parent))
    assert (made / "MODEL_CARD.md").read_text() == said


@pytest.mark.parametrize(("model", "wanted"), [("acme-rul", "9"), ("acme-rul", "production"), ("rull", "1")])
def test_what_is_not_registered_is_said(tmp_path: Path, folder: Path, key: Path, model: str, wanted: str) -> None:
    registry = MemoryRegistry(tmp_path / "registry")
    registry.add("acme-rul", folder, "run", {})
    with pytest.raises(WrongUse, match="acme model list"):
        build(registry, model, wanted, tmp_path / "bundle", key, NOW)


def test_other_golden_answers_are_never_signed(tmp_path: Path, folder: Path, key: Path) -> None:
    found = json.loads((folder / "golden.json").read_bytes())
    found["rows"][3]["value"] += 0.001
    (folder / "golden.json").write_text(json.dumps(found))
    registry = MemoryRegistry(tmp_path / "registry")
    registry.add("acme-rul", folder, "run", {})
    with pytest.raises(Stop, match="golden rows differ"):
        build(registry, "rul", "1", tmp_path / "bundle", key, NOW)
    assert not list(tmp_path.glob("bundle/rul-*"))


def test_a_folder_without_a_card_is_never_signed(tmp_path: Path, folder: Path, key: Path) -> None:
    (folder / "MODEL_CARD.md").unlink()
    registry = MemoryRegistry(tmp_path / "registry")
    registry.add("acme-rul", folder, "run", {})
    with pytest.raises(WrongUse, match=r"lacks MODEL_CARD\.md"):
        build(registry, "rul", "1", tmp_path / "bundle", key, NOW)


def test_units_and_nullable_follow_from_what_training_learned() -> None:
    inputs = {i.name: i for i in input_schema(turbofan()[0], contracts()).features}
    assert (inputs["sensor_02"].unit, inputs["sensor_02"].nullable) == ("z", False)
    assert (inputs["age"].unit, inputs["age"].nullable) == ("frames", False)
    spec = contracts().feature_specs["pdm_machine"]
    hours = np.arange(1, 31) * 3_600_000_000
    events = {("failure", "comp1"): hours[3:4], ("device_error", "error1"): hours[4:6]}
    frames = Frames(
        "testbed/pdm/line-1/cell-1/machine-001", hours, np.random.default_rng(2).normal(100, 3, (30, 4)), events
    )
    found = {i.name: i for i in input_schema(fit(spec, [frames]), contracts()).features}
    assert (found["volt__mean_3"].unit, found["volt__mean_3"].nullable) == ("V", False)
    since = found["device_error_error1__hours_since"]
    assert (since.unit, since.nullable) == ("h", True)
    assert found["device_error_error1__count_24h"].nullable is False


def test_a_difference_is_relative_above_one_and_infinite_where_only_one_side_knows() -> None:
    answers = answer(Bands(), np.array([0.5, 1000.0]))
    wanted = golden(np.zeros((2, 1), np.float32), answer(Bands(), np.array([0.5, 1001.0])))
    assert difference(wanted, answers) == pytest.approx(1 / 1001)
    assert difference(wanted, answer(Bands(below=(1.0,), above=(1.0,)), np.array([0.5, 1001.0]))) == np.inf
