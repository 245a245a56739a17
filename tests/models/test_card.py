"""A version's model card: the use case's figures first, in its order, and the name of what choices were made by."""

from __future__ import annotations

from acme_lib.contracts import contracts
from acme_lib.models.candidate import Facts
from acme_lib.models.card import model_card
from acme_lib.models.recipe import Recipe

CROSS_VALIDATION = {
    "brier": 0.01,
    "choice": 0.2,
    "choice_leaky_random_rows": 0.1,
    "f1": 0.8,
    "precision": 0.9,
    "rows": 100,
}


def card(**test: float) -> str:
    facts = Facts(
        use_case="ai4i_failure", feature_table_version="f", snapshot_id="s", git_sha="g", recipe=Recipe(), seeds=[1],
        threshold=0.5, trained_utc="2026-11-25T00:00:00Z", cross_validation=CROSS_VALIDATION, environment={},
    )  # fmt: skip
    return model_card(contracts().use_cases["ai4i_failure"], facts, test, 9)


def test_the_declared_metrics_stand_first() -> None:
    rows = card(f1=0.7).split("|---|---|---|")[1].split("\n\n")[0].strip().splitlines()
    assert [row.split()[1] for row in rows] == [
        "f1",
        "precision",
        "brier",
        "choice",
        "choice_leaky_random_rows",
        "rows",
    ]
    assert rows[0] == "| f1 | 0.8 | 0.7 |"


def test_it_says_whether_the_test_set_was_opened_and_what_choices_minimise() -> None:
    assert "opened not yet" in card()
    assert "opened once, after it" in card(f1=0.7)
    assert "`choice` is the figure choices minimise (1 - average precision)" in card()
