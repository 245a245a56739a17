"""Gates: what must hold before a model may be registered. They fail closed: a figure that is missing fails."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass

from acme_lib.contracts import Gate

__all__ = ["Verdict", "bounded", "passed", "stated"]


@dataclass(frozen=True)
class Verdict:
    """One gate: what was asked, what was found, and whether that will do. `binding` false: reported only."""

    name: str
    ok: bool
    asked: str
    found: str
    binding: bool = True

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def bounded(gates: Iterable[Gate], figures: Mapping[str, float | None]) -> list[Verdict]:
    """A use case's thresholds against the holdout's figures."""
    return [_bounded(gate, figures.get(gate.metric)) for gate in gates]


def stated(name: str, ok: bool | None, asked: str, found: object, binding: bool = True) -> Verdict:
    """A check by its outcome; None (it could not be made) fails."""
    return Verdict(name, ok is True, asked, "missing" if ok is None else str(found), binding)


def passed(verdicts: Iterable[Verdict], needed: Iterable[str]) -> bool:
    """True where every binding gate holds and every needed one was judged at all."""
    seen = list(verdicts)
    return all(v.ok for v in seen if v.binding) and set(needed) <= {v.name for v in seen}


def _bounded(gate: Gate, figure: float | None) -> Verdict:
    bounds = []
    if gate.at_least is not None:
        bounds.append(f">= {gate.at_least:g}")
    if gate.at_most is not None:
        bounds.append(f"<= {gate.at_most:g}")
    asked = f"{gate.metric} {' and '.join(bounds)}"
    if not bounds or figure is None or not math.isfinite(figure):
        return Verdict(f"holdout {asked}", False, asked or "a bound", "missing" if figure is None else str(figure))
    high = gate.at_most is None or figure <= gate.at_most
    low = gate.at_least is None or figure >= gate.at_least
    return Verdict(f"holdout {asked}", high and low, asked, f"{figure:.4g}")
