"""Tuning: failures are trials, a crash loses none, and the winner must win beyond doubt."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from acme_lib.contracts import contracts
from acme_lib.errors import Stop, WrongUse
from acme_lib.models.recipe import Recipe
from acme_lib.models.recipes import recipe_of
from acme_lib.models.search import search
from acme_lib.models.space import described, recipe_at, space, window_choices

NAMES = ("s", "s__mean_10", "s__mean_30", "s__mean_50", "s__mean_70", "age")


def line() -> dict[str, object]:
    from hyperopt import hp

    return {"x": hp.uniform("x", 0, 10), "c": hp.choice("c", [None, (30,)])}


def loss(point: dict[str, object]) -> float:
    return abs(float(point["x"]) - 3) + (0.0 if point["c"] == (30,) else 10.0)  # type: ignore[arg-type]


def test_the_best_point_comes_back_as_values_not_as_places(tmp_path: Path) -> None:
    best, losses = search(loss, line(), 25, 1, tmp_path / "t.pickle")
    assert best["c"] == (30,)
    assert len(losses) == 25
    assert min(losses) == pytest.approx(loss(best))


def test_a_run_after_a_crash_goes_on_and_ends_as_one_without(tmp_path: Path) -> None:
    whole = search(loss, line(), 8, 1, tmp_path / "a.pickle")
    calls = []

    def dies(point: dict[str, object]) -> float:
        calls.append(point)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return loss(point)

    with pytest.raises(KeyboardInterrupt):
        search(dies, line(), 8, 1, tmp_path / "b.pickle")
    again: list[int] = []
    found = search(loss, line(), 8, 1, tmp_path / "b.pickle", lambda n, _: again.append(n))
    assert again == [5, 6, 7, 8]
    assert found == whole


def test_errors_and_nan_are_failed_trials(tmp_path: Path) -> None:
    def moody(point: dict[str, object]) -> float:
        if float(point["x"]) > 7:  # type: ignore[arg-type]
            raise ValueError("too far")
        return math.nan if float(point["x"]) > 5 else loss(point)  # type: ignore[arg-type]

    best, losses = search(moody, line(), 15, 1, tmp_path / "t.pickle")
    assert 0 < sum(math.isnan(v) for v in losses) < 15
    assert float(best["x"]) <= 5
    with pytest.raises(Stop, match="none of 3 trials"):
        search(lambda _: math.nan, line(), 3, 1, tmp_path / "u.pickle")


def test_windows_are_among_the_choices_and_a_point_makes_a_recipe() -> None:
    assert window_choices(NAMES) == [None, (30,), (50,), (70,), (30, 70)]
    assert window_choices(("a", "b")) == [None]
    assert {row["parameter"] for row in described(NAMES)} >= {"learning_rate", "lambda_l2", "windows", "weight"}
    assert {"windows", "weight", "rounds"} <= set(space(NAMES, True))
    point = {
        "learning_rate": 0.05,
        "num_leaves": 31.0,
        "min_data_in_leaf": 40.0,
        "feature_fraction": 0.2,
        "bagging_fraction": 0.7,
        "lambda_l2": 1.0,
        "lambda_l1": 0.0,
        "rounds": 200.0,
        "windows": (70,),
        "weight": 0.25,
    }
    made = recipe_at(Recipe(), point)
    assert (made.trees.num_leaves, made.trees.rounds, made.windows, made.net.weight) == (31, 200, (70,), 0.25)


def test_a_recipe_with_an_unknown_field_names_it() -> None:
    case = contracts().use_cases["rul"]
    assert recipe_of(case, {"members": 2}, rounds=10).trees.rounds == 10
    assert recipe_of(case).net.weight == case.recipe["net"]["weight"]
    with pytest.raises(WrongUse, match=r"parameter recipe.*layers"):
        recipe_of(case, {"layers": 3})
