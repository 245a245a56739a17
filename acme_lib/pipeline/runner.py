"""Runs steps where we are: one DAG in the Fabric session that asks, papermill and a kernel of our own elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from acme_lib import runtime
from acme_lib.pipeline.dag import NotebookRun, Step

__all__ = ["run"]


def run(
    steps: tuple[Step, ...],
    parameters: Mapping[str, Mapping[str, Any]],
    run_id: str,
    *,
    on_start: Callable[[Step], None] = lambda step: None,
    on_end: Callable[[NotebookRun], None] = lambda run: None,
) -> list[NotebookRun]:
    """Executes the steps in order; each notebook gets `run_id` and its own `parameters`. Raises Stop naming the first that failed.

    Executed copies lie under ACME_HOME/runs/<run_id>/notebooks; Fabric keeps its own, and tells of the steps when all have ended.
    """
    given = {step.name: {"run_id": run_id, **parameters.get(step.name, {})} for step in steps}
    if not runtime.is_fabric():
        from acme_lib.pipeline.local import run_locally
        from acme_lib.settings import settings

        out = settings().folder("runs") / run_id / "notebooks"
        return run_locally(steps, given, out, on_start=on_start, on_end=on_end)
    from acme_lib.pipeline.fabric import run_in_fabric

    runs = run_in_fabric(steps, given)
    for done in runs:
        on_end(done)
    return runs
