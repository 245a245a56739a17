"""`acme pipeline`: run the notebooks."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Run the notebooks' DAG.", add_completion=False)


@app.callback()
def _root() -> None:
    """Example: acme pipeline run --only silver_transform --only gold_aggregate"""


@app.command()
def run(
    only: Annotated[list[str] | None, typer.Option(help="notebook to run; repeat for several; all without it")] = None,
    use_case: Annotated[str, typer.Option(help="the model's notebooks of this use case, such as rul")] = "",
    run_id: Annotated[str, typer.Option(help="identity of this run; the time without it")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one object for machines")] = False,
) -> None:
    """Run the notebooks in order, or with --use-case those of the model's life. A run after a failure goes on where it stopped."""
    from rich.console import Console

    from acme_lib import pipeline, runtime

    identity = run_id or runtime.now().strftime("%Y%m%dT%H%M%SZ")
    steps = pipeline.chosen(only, pipeline.MODEL_STEPS if use_case else pipeline.STEPS)
    common = {"use_case": use_case} if use_case else {}
    console = Console(stderr=True)
    with console.status("starting the kernel") as status:
        runs = pipeline.run(
            steps,
            {s.name: common for s in steps},
            identity,
            on_start=lambda step: status.update(f"{step.name}"),
            on_end=lambda done: console.print(
                f"{done.name:<18} {done.seconds:7.1f} s  rows {done.record.get('rows_out', 0):,}"
            ),
        )
    if as_json:
        print(json.dumps({r.name: {"seconds": r.seconds, "record": r.record} for r in runs}))


@app.command(name="list")
def list_() -> None:
    """The notebooks and what each needs."""
    from acme_lib.pipeline.dag import MODEL_STEPS, STEPS

    for step in (*STEPS, *MODEL_STEPS):
        print(f"{step.name:<18} after {', '.join(step.after) or 'nothing'}")
