"""Each use case's card in docs/ml says what its contract says, and no figure a model would have to earn."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acme_lib.contracts import Gate, UseCase, contracts
from acme_lib.models.artefacts import ARTEFACTS, bound, split_of
from acme_lib.render import text_of

CASES = contracts().questions.use_cases
CARDS = {a.path: text_of(a, contracts(), None) for a in ARTEFACTS}


def card(case: UseCase) -> str:
    return CARDS[f"docs/ml/model-card-{case.id}.md"]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_a_card_holds_question_equipment_features_gates_and_costs(case: UseCase) -> None:
    text = card(case)
    classes = [case.equipment_class] if isinstance(case.equipment_class, str) else case.equipment_class
    wanted = [case.description, *classes, f"spec `{case.feature_spec}`", f"`{case.label.event}`", split_of(case), "reports/models.md"]  # fmt: skip
    wanted += [f"- {bound(g)}\n" for g in case.gates if case.gate]
    wanted += [f"costs {case.costs.false_negative:g}"] if case.costs else ["None declared"]
    assert [part for part in wanted if part not in text] == []
    assert ("reported and never gated" in text) is not case.gate


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.id)
def test_a_card_invents_no_figure(case: UseCase) -> None:
    """A figure with decimals is one the contracts declare."""
    told = {f"{side:g}" for g in case.gates for side in (g.at_least, g.at_most) if side is not None}
    told |= {f"{case.label.horizon_h or 0:g}", f"{case.recipe.get('net', {}).get('weight', 0):g}"}
    assert set(re.findall(r"(?<![\d.])\d+\.\d+(?![\d.])", card(case))) <= told


def test_bounds_in_words() -> None:
    assert bound(Gate(metric="rmse", at_most=20)) == "rmse at most 20"
    assert bound(Gate(metric="coverage", at_least=0.85, at_most=0.95)) == "coverage at least 0.85 and at most 0.95"


def test_every_card_is_in_the_tree() -> None:
    root = Path(__file__).parents[2]
    assert [path for path in CARDS if not (root / path).is_file()] == []
