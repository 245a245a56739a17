"""Runs the notebooks in Fabric: the same steps as one DAG for notebookutils.notebook.runMultiple."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from acme_lib.errors import Stop
from acme_lib.pipeline.dag import Step

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


def run_in_fabric(steps: tuple[Step, ...], parameters: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Executes the steps; returns each notebook's exit value by name. Raises Stop naming the first failure."""
    import notebookutils

    dag = as_dag(steps, parameters)
    notebookutils.notebook.validateDAG(dag)
    results: dict[str, Any] = notebookutils.notebook.runMultiple(dag)
    for name, result in results.items():
        if result.get("exception"):
            raise Stop(
                f"notebook {name} failed: {result['exception']}; mend it and run the pipeline again, it goes on where it stopped"
            )
    return {name: result.get("exitVal") for name, result in results.items()}
