"""What this room renders: a model card per use case, from what is declared of it; figures stand in the report, not here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from acme_lib.contracts import Contracts, Gate, UseCase, contracts
from acme_lib.models.crossval import choice_name
from acme_lib.models.recipes import recipe_of
from acme_lib.render.artefact import Artefact

__all__ = ["ARTEFACTS", "bound", "facts"]

SOURCES = ("use_cases.yaml", "features.yaml")


def facts(use_case: str, of: Contracts) -> Mapping[str, Any]:
    """Names of the template use_case_card.md.j2."""
    case = of.use_cases[use_case]
    classes = [case.equipment_class] if isinstance(case.equipment_class, str) else case.equipment_class
    return {
        "case": case,
        "spec": of.feature_specs[case.feature_spec],
        "classes": classes,
        "split": split_of(case),
        "choice": choice_name(case),
        "recipe": recipe_of(case),
        "bounds": [bound(gate) for gate in case.gates],
    }


def bound(gate: Gate) -> str:
    """`rmse at most 20`."""
    sides = (("at least", gate.at_least), ("at most", gate.at_most))
    return f"{gate.metric} " + " and ".join(f"{side} {value:g}" for side, value in sides if value is not None)


def split_of(case: UseCase) -> str:
    """Which rows test, in words."""
    rule = case.split
    if rule.test == "equipment":
        return f"equipment whose path matches `{rule.equipment}`; all other trains"
    if rule.test == "forward":
        return f"the last {100 * (rule.share or 0):.0f} % of time; {rule.gap_h:g} h before it are used by neither side"
    return f"{100 * (rule.share or 0):.0f} % of the equipment, the same whatever else is there"


ARTEFACTS = tuple(
    Artefact(
        f"docs/ml/model-card-{case.id}.md",
        "use_case_card.md.j2",
        SOURCES,
        partial(facts, case.id),
        templates=Path(__file__).parent / "templates",
    )
    for case in contracts().questions.use_cases
)
