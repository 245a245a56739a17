"""The notebooks' order: what runs after what. The same steps run by papermill here and by notebookutils in Fabric."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acme_lib.errors import WrongUse

__all__ = ["MODEL_STEPS", "STEPS", "NotebookRun", "Step", "chosen"]


@dataclass(frozen=True, slots=True)
class Step:
    """One notebook of the pipeline; `after` names the steps it needs."""

    name: str
    after: tuple[str, ...] = ()
    timeout_s: int = 3600

    @property
    def notebook(self) -> str:
        return f"{self.name}.ipynb"


@dataclass(frozen=True, slots=True)
class NotebookRun:
    """One executed notebook: seconds, where its executed copy lies (None in Fabric), and the record its last cell left."""

    name: str
    seconds: float
    output: Path | None
    record: dict[str, Any] = field(default_factory=dict)


STEPS: tuple[Step, ...] = (
    Step("bronze_ingest"),
    Step("silver_transform", after=("bronze_ingest",)),
    Step("gold_aggregate", after=("silver_transform",)),
    Step("quality_report", after=("silver_transform",)),
)
MODEL_STEPS: tuple[Step, ...] = (
    Step("eda_initial", after=("gold_aggregate",)),
    Step("feature_build", after=("silver_transform",)),
    Step("train_baseline", after=("feature_build",)),
    Step("hpo_run", after=("train_baseline",)),
    Step("validate_register", after=("hpo_run",)),
    Step("drift_detection", after=("validate_register",)),
)
"""The model's life, of one use case a run."""


def chosen(names: Iterable[str] | None, steps: tuple[Step, ...] = STEPS) -> tuple[Step, ...]:
    """The named steps in the pipeline's order, all of them for None. A step's `after` keeps only what was chosen too."""
    if names is None:
        return steps
    wanted = set(names)
    if unknown := wanted - {s.name for s in steps}:
        raise WrongUse(f"no notebook {sorted(unknown)[0]!r} in the pipeline; it has {', '.join(s.name for s in steps)}")
    return tuple(Step(s.name, tuple(a for a in s.after if a in wanted), s.timeout_s) for s in steps if s.name in wanted)
