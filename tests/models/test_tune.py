"""Tuning's verdict on figures worked out by hand, what it calls them, and what it leaves of a version it trained."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from acme_lib.contracts import contracts
from acme_lib.models import train, tune
from acme_lib.models.recipe import Recipe
from acme_lib.models.registry import MemoryRegistry
from acme_lib.models.store import MemoryStore
from tests.models.conftest import NOW

BASE, TUNED = Recipe(), Recipe(members=1)


def trial(before: list[float], after: list[float], use_case: str = "rul") -> Any:
    """One whose losses over the first three seeds are given."""
    case = contracts().use_cases[use_case]
    told = {
        (r, seed): v for r, own in ((BASE, before), (TUNED, after)) for seed, v in zip(case.seeds, own, strict=False)
    }
    return SimpleNamespace(found=SimpleNamespace(case=case), loss=lambda r, seed: told[r, seed])


@pytest.mark.parametrize(
    ("before", "after", "replaced"),
    [
        ([10, 10, 10], [9.89, 9.89, 9.89], True),  # gain 0.11; 1 % of 10 is wanted
        ([10, 10, 10], [9.91, 9.91, 9.91], False),  # gain 0.09
        ([10, 10, 10], [10.2, 10.2, 10.2], False),
        ([9, 10, 11], [6.6, 7.6, 8.6], True),  # gain 2.4; each spreads by sqrt(2/3), both by sqrt(4/3): 2.309 is wanted
        ([9, 10, 11], [6.8, 7.8, 8.8], False),  # gain 2.2: far past 1 %, within twice the spread
        ([10, 10, 10], [10, 10, float("nan")], False),
    ],
)
def test_the_tuned_recipe_wins_past_the_threshold_and_twice_the_spread(before: list[float], after: list[float], replaced: bool) -> None:  # fmt: skip
    assert tune.verdict(trial(before, after), BASE, TUNED, 0.01)["replaced"] is replaced


def test_a_verdict_gives_its_figures_and_their_name() -> None:
    said = tune.verdict(trial([9, 10, 11], [8, 9, 10]), BASE, TUNED, 0.01)
    assert (said["baseline"], said["tuned"], said["gain"]) == (10, 9, 1)
    assert said["seed_spread"] == pytest.approx((4 / 3) ** 0.5)
    assert said["verdict"].startswith("gain 1 of RMSE at random cuts, 2.309 was wanted")
    said = tune.verdict(trial([0.2] * 3, [0.1] * 3, "ai4i_failure"), BASE, TUNED, 0.01)
    assert said["figure"] == "1 - average precision"  # though its primary figure is f1


@pytest.mark.ml
def test_the_record_tells_of_the_version_it_trained(engines: MemoryStore, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    small = {"trees": {"rounds": 5}, "net": {"weight": 0.0}, "members": 1}
    own = msgspec.structs.replace(contracts().use_cases["rul"], recipe=small)
    monkeypatch.setitem(contracts().use_cases, "rul", own)
    asked: list[train.Config] = []
    monkeypatch.setattr(
        tune.train, "run", lambda config, *rest, run=train.run: asked.append(config) or run(config, *rest)
    )
    beyond_doubt = tune.verdict(trial([1.0] * 3, [0.5] * 3), BASE, TUNED, 0.01)
    monkeypatch.setattr(tune, "verdict", lambda *_: beyond_doubt)
    store = MemoryStore()
    store.tables = dict(engines.tables)
    config = tune.Config(run_id="t", trials=1, folds=2, every=9, rounds=5, threads=1)
    counters = tune.run(config, store, NOW, MemoryRegistry(tmp_path / "registry")).counters
    assert (counters["replaced"], counters["model"], counters["model_version"]) == (True, "acme-rul", "1")
    assert 0 < counters["choice_leaky_random_rows"] < counters["choice"]  # neighbours teach: it flatters
    assert counters["recipe"] == asked[0].recipe
