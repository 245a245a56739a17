"""Learning and its ONNX twin: the same answers, also on the threshold and where a feature isn't known."""

from __future__ import annotations

import numpy as np
import pytest

from acme_lib.models.export import onnx_model
from acme_lib.models.learner import Fit, fit, members
from acme_lib.models.network import learn_network, merged
from acme_lib.models.recipe import Net, Recipe, Trees
from acme_lib.models.trees import floor32

NAMES = ("sensor_02", "sensor_02__mean_5", "sensor_02__mean_20", "age")
SMALL = Trees(rounds=20, min_data_in_leaf=5, feature_fraction=1.0)


def rows(count: int = 600) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    vectors = rng.normal(0, 1, (count, 4)).astype(np.float32)
    vectors[rng.random(vectors.shape) < 0.1] = np.nan
    return vectors, np.nan_to_num(vectors[:, 0]) * 10 + np.nan_to_num(vectors[:, 2]) + 60


def onnx_answers(found: Fit, vectors: np.ndarray) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_model(found), providers=["CPUExecutionProvider"])
    answers: np.ndarray = session.run(["value"], {"features": vectors})[0]
    assert answers.shape == (len(vectors), 1)
    return answers[:, 0]


def test_a_threshold_is_rounded_down_never_onto_its_upper_neighbour() -> None:
    upper = np.float32(1.0000001)
    between = (1.0 + float(upper)) / 2 + 1e-9  # nearer to the upper of its neighbours
    assert np.float32(between) == upper  # rounding to the nearest would send the upper value the other way
    assert floor32(between) == 1.0
    assert floor32(-0.5) == -0.5


def test_neighbouring_float32_values_part_in_onnx_as_in_lightgbm() -> None:
    low = np.float32(0.1)
    ladder = [low]
    for _ in range(40):
        ladder.append(np.nextafter(ladder[-1], np.float32(1)))
    vectors = np.repeat(np.array(ladder, dtype=np.float32), 20)[:, None]
    label = np.repeat(np.arange(41) % 2 * 100.0, 20)
    learned = fit(
        Recipe(trees=Trees(rounds=30, min_data_in_leaf=1, feature_fraction=1.0, learning_rate=0.5)),
        "regression",
        vectors,
        label,
        ("age",),
        1,
    )
    assert np.abs(onnx_answers(learned, vectors) - learned.raw(vectors)).max() < 0.01


@pytest.mark.parametrize("kind", ["regression", "classification"])
@pytest.mark.parametrize("weight", [0.0, 0.4, 1.0])
def test_onnx_gives_the_same_answers(kind: str, weight: float) -> None:
    vectors, label = rows()
    if kind == "classification":
        label = (label > 65).astype(float)
    recipe = Recipe(trees=SMALL, net=Net(weight=weight, hidden=(8,), epochs=3))
    learned = members([fit(recipe, kind, vectors, label, NAMES, seed) for seed in (1, 2)])  # type: ignore[arg-type]
    assert np.abs(onnx_answers(learned, vectors) - learned.raw(vectors)).max() < (
        1e-5 if kind == "classification" else 1e-3
    )
    assert np.isfinite(learned.raw(np.full((1, 4), np.nan, dtype=np.float32))).all()


def test_the_same_seed_gives_the_same_model_and_another_does_not() -> None:
    vectors, label = rows()
    recipe = Recipe(trees=SMALL, net=Net(weight=0.5, hidden=(4,), epochs=2))
    first, again, other = (fit(recipe, "regression", vectors, label, NAMES, seed).raw(vectors) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_a_recipe_sees_its_windows_and_not_what_it_leaves_out() -> None:
    assert Recipe().columns(NAMES) == [0, 1, 2, 3]
    assert Recipe(windows=(20,)).columns(NAMES) == [0, 2, 3]
    assert Recipe(without=("age",)).columns(NAMES) == [0, 1, 2]
    vectors, label = rows()
    learned = fit(Recipe(trees=SMALL, windows=(20,)), "regression", vectors, label, NAMES, 1)
    blind = vectors.copy()
    blind[:, 1] = 1e6
    assert (learned.raw(blind) == learned.raw(vectors)).all()
    assert np.abs(onnx_answers(learned, blind) - learned.raw(vectors)).max() < 1e-3


def test_networks_side_by_side_are_their_mean() -> None:
    vectors, label = rows()
    alone = [learn_network(Net(hidden=(6, 3), epochs=2), "regression", vectors, label, seed) for seed in (1, 2, 3)]
    expected = np.mean([n.predict(vectors) for n in alone], axis=0)
    assert np.abs(merged(alone).predict(vectors) - expected).max() < 1e-3


def holed(vectors: np.ndarray) -> list[np.ndarray]:
    """The rows with each feature missing in turn, and with all."""
    found = []
    for column in (0, 1, 2, 3, slice(None)):
        empty = vectors.copy()
        empty[:, column] = np.nan
        found.append(empty)
    return found


@pytest.mark.parametrize("kind", ["regression", "classification"])
@pytest.mark.parametrize("recipe", [Recipe(trees=SMALL), Recipe(trees=SMALL, windows=(20,)), Recipe(trees=SMALL, net=Net(weight=0.4, hidden=(4,), epochs=2))])  # fmt: skip
def test_onnx_answers_alike_whichever_feature_is_missing(kind: str, recipe: Recipe) -> None:
    vectors, label = rows()
    vectors[:, :2] = np.nan_to_num(vectors[:, :2]) + 40  # always there in training, far from 0; the other two are not
    if kind == "classification":
        label = (label > 65).astype(float)
    learned = members([fit(recipe, kind, vectors, label, NAMES, seed) for seed in (1, 2)])  # type: ignore[arg-type]
    for given in holed(vectors):
        assert np.abs(onnx_answers(learned, given) - learned.raw(given)).max() < (1e-5 if kind == "classification" else 1e-3)  # fmt: skip


def test_a_missing_feature_that_training_knew_reads_as_its_median_another_takes_the_learned_branch() -> None:
    vectors, label = rows()
    vectors[:, 0] = np.nan_to_num(vectors[:, 0]) + 40
    learned = fit(Recipe(trees=SMALL), "regression", vectors, label, NAMES, 1)
    first, _, third, *_ = holed(vectors)
    typical = vectors.copy()
    typical[:, 0] = np.median(vectors[:, 0])
    assert (learned.raw(first) == learned.raw(typical)).all()
    (booster,) = learned.boosters
    assert (learned.raw(third) == booster.predict(third)).all()  # LightGBM's own
    assert (learned.raw(vectors) == booster.predict(vectors)).all()


def test_an_empty_feature_says_little_where_zero_would_cry_alarm() -> None:
    # a torque about 40: below 20 and above 60 the piece fails, so 0 is beyond all that training saw
    rng = np.random.default_rng(8)
    vectors = rng.normal([40, 1500, 100, 300], [10, 100, 30, 2], (3000, 4)).astype(np.float32)
    label = (np.abs(vectors[:, 0] - 40) > 20).astype(float)
    learned = fit(Recipe(trees=SMALL), "classification", vectors, label, NAMES, 1)
    zero = vectors.copy()
    zero[:, 0] = 0
    whole, empty, as_zero = (learned.raw(v).mean() for v in (vectors, holed(vectors)[0], zero))
    assert abs(empty - whole) < 0.1 * abs(as_zero - whole)
    assert onnx_answers(learned, holed(vectors)[0]).mean() == pytest.approx(empty, abs=1e-5)
