"""`acme retrain`: the retraining playbook, where a trigger holds. Its steps are the notebooks'."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from acme_lib.drift.retraining import Trigger

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
STEPS = ("feature_build", "train_baseline", "hpo_run", "validate_register")


@app.command()
def retrain(
    use_case: Annotated[str, typer.Option(help="Use case (contracts/use_cases.yaml).")] = "rul",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say which triggers hold; train nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Train although no trigger holds.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Example: acme retrain --dry-run --json

    Freezes features, trains, tunes, validates and registers as staging where a trigger holds (docs/ml/retraining-playbook.md).
    Promotion stays a person's: acme model promote. Exit 0 done or nothing due.
    """
    from acme_lib import runtime
    from acme_lib.drift.evidence import triggers_of

    found = triggers_of(runtime.lakehouse(), use_case)
    due = force or any(t.holds for t in found)
    runs = run_steps(use_case) if due and not dry_run else {}
    _show(use_case, found, due, runs, as_json)


def run_steps(use_case: str) -> dict[str, Any]:
    """Runs the playbook's notebooks; a record each. Raises Stop with the notebook that failed."""
    from acme_lib import pipeline, runtime

    identity = f"retrain-{runtime.now():%Y%m%dT%H%M%SZ}"
    steps = pipeline.chosen(STEPS, pipeline.MODEL_STEPS)
    runs = pipeline.run(steps, {name: {"use_case": use_case} for name in STEPS}, identity)
    return {r.name: r.record for r in runs}


def _show(use_case: str, found: list[Trigger], due: bool, runs: dict[str, Any], as_json: bool) -> None:
    if as_json:
        answer = {"use_case": use_case, "due": due, "triggers": [asdict(t) for t in found], "steps": runs}
        typer.echo(json.dumps(answer, default=str))
        return
    for trigger in found:
        typer.echo(f"{'holds' if trigger.holds else 'no':<6} {trigger.name:<15} {trigger.why}")
    typer.echo(f"{use_case}: {'retraining is due' if due else 'nothing is due'}")
    for name, record in runs.items():
        typer.echo(f"{name:<18} {record.get('status', '')} {record.get('counters', '')}")
