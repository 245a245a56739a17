"""Runs the notebooks in Fabric: the same steps as one DAG, in the session of the notebook that asks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from acme_lib import runtime
from acme_lib.errors import Stop
from acme_lib.pipeline.dag import NotebookRun, Step

__all__ = ["as_dag", "run_in_fabric"]


def as_dag(steps: tuple[Step, ...], parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The DAG in runMultiple's own form; one notebook at a time, as they share one session's memory."""
    return {
        "activities": [
            {
                "name": step.name,
                "path": step.name,
                "timeoutPerCellInSeconds": step.timeout_s,
                "args": dict(parameters.get(step.name, {})),
                "dependencies": list(step.after),
                "retry": 1,
                "retryIntervalInSeconds": 10,
            }
            for step in steps
        ],
        "timeoutInSeconds": sum(step.timeout_s for step in steps),
        "concurrency": 1,
    }


def run_in_fabric(steps: tuple[Step, ...], parameters: Mapping[str, Mapping[str, Any]]) -> list[NotebookRun]:
    """Executes the steps; what each left, in their order. Raises Stop naming the first failure."""
    results = runtime.run_notebooks(as_dag(steps, parameters))
    for step in steps:
        if fault := results.get(step.name, {}).get("exception"):
            raise Stop(
                f"notebook {step.name} failed: {fault}; mend it and run the pipeline again, it goes on where it stopped"
            )
    return [_left(step, str(results.get(step.name, {}).get("exitVal") or "")) for step in steps]


def _left(step: Step, value: str) -> NotebookRun:
    """A step with the record that its notebook left as its exit value."""
    record = json.loads(value) if value.startswith("{") else {}
    return NotebookRun(step.name, float(record.get("seconds", 0.0)), None, record)
