"""Model cards and reports of validation, rendered from facts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from acme_lib.contracts import UseCase
from acme_lib.models.crossval import choice_name

if TYPE_CHECKING:
    from acme_lib.models.candidate import Facts
    from acme_lib.models.gates import Verdict
    from acme_lib.models.registry import Version
    from acme_lib.models.slices import Slice

__all__ = ["checklist", "model_card", "render", "report"]


@lru_cache(maxsize=1)
def _environment() -> Any:
    import jinja2

    loader = jinja2.PackageLoader("acme_lib.models", "templates")
    return jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)


def render(template: str, **facts: Any) -> str:
    """A template of acme_lib/models/templates with the facts; an unknown name in it is an error."""
    return str(_environment().get_template(template).render(**facts))


def model_card(case: UseCase, facts: Facts, test: Mapping[str, float], width: int, version: str | None = None) -> str:
    """Markdown. `test`: the test set's figures, empty while it is shut. The use case's metrics stand first, in its order."""
    names = sorted({*facts.cross_validation, *test}, key=lambda n: (case.metrics.index(n) if n in case.metrics else len(case.metrics), n))  # fmt: skip
    classes = [case.equipment_class] if isinstance(case.equipment_class, str) else case.equipment_class
    return render("model_card.md.j2", case=case, facts=facts, test=test, width=width, version=version, names=names, classes=classes, shown=shown, choice=choice_name(case))  # fmt: skip


def report(version: Version, facts: Facts, figures: Mapping[str, float], verdicts: Sequence[Verdict], slices: Sequence[Slice], good: bool, now: datetime) -> str:  # fmt: skip
    """The validation report: every gate, the bias log, the test set's figures."""
    return render("report.md.j2", version=version, facts=facts, figures=figures, verdicts=verdicts, slices=slices, good=good, now=now, shown=shown)  # fmt: skip


def checklist(version: Version, facts: Facts, verdicts: Sequence[Verdict], good: bool) -> str:
    """The promotion checklist, filled in; what only a person can tick stays open."""

    def mark(begin: str) -> str:
        own = [v for v in verdicts if v.name.startswith(begin)]
        return "x" if all(v.ok for v in own) and (own or begin == "holdout") else " "

    return render("checklist.md.j2", version=version, facts=facts, mark=mark, good=good)


def shown(figures: Mapping[str, float], name: str) -> str:
    """A figure for a reader; a dash where there is none."""
    value = figures.get(name)
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"
