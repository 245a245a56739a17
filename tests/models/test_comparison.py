"""The views over the tracking store name what they show, and rank by what the use case declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.models import comparison, tracking

pytestmark = pytest.mark.ml


def logged(name: str, **figures: float) -> str:
    with tracking.started("ai4i_failure", name) as active:
        for figure, value in figures.items():
            tracking.client().log_metric(active.info.run_id, figure, value)
    return str(active.info.run_id)


def test_runs_stand_by_the_primary_figure_and_the_choice_says_its_name(home: Path) -> None:
    for name, f1, choice in (("a", 0.7, 0.1), ("b", 0.9, 0.3), ("c", 0.8, 0.2)):
        logged(f"train {name}", cv_f1=f1, cv_choice=choice)
    found = comparison.top_models("ai4i_failure")
    assert found["cv_f1"].tolist() == [0.9, 0.8, 0.7]
    assert set(found["choice"]) == {"1 - average precision"}


def test_a_tunings_picture_is_labelled_by_what_it_draws(home: Path) -> None:
    logged("tune 1", trial_choice=0.2)
    assert comparison.tuning("ai4i_failure").layout.yaxis.title.text == "1 - average precision"
