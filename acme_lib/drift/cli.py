"""`acme drift`: compare what has come with what a model learned from; show the last comparison."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
UseCase = Annotated[str, typer.Option(help="Use case (contracts/use_cases.yaml).")]


@app.callback()
def _help() -> None:
    """Example: acme drift run --use-case rul

    Thresholds come from the reference's own windows; the false-alarm rate of a run is printed with them.
    """


@app.command()
def run(
    use_case: UseCase = "rul",
    run_id: Annotated[str, typer.Option(help="Name of this run; the time without it.")] = "",
    model_version: Annotated[str | None, typer.Option(help="Model; production, else staging, without it.")] = None,
    since: Annotated[datetime | None, typer.Option(help="First instant, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Instant to stop before, UTC.")] = None,
    as_json: Json = False,
) -> None:
    """Example: acme drift run --use-case failure_24h --since 2015-11-01 --json

    Writes drift_results and ops_alerts. Exit 1 where something drifted.
    """
    from rich.console import Console

    from acme_lib import runtime
    from acme_lib.drift import job
    from acme_lib.pipeline import configured, run_job

    identity = run_id or runtime.now().strftime("%Y%m%dT%H%M%SZ")
    config = configured(
        job.Config, "command", run_id=identity, use_case=use_case, model_version=model_version, since=since, until=until
    )
    with Console(stderr=True).status("comparing"):
        record = run_job(job.run, config)
    _show(asdict(record) if as_json else {"run": identity, **record.counters}, as_json)
    raise typer.Exit(1 if record.counters["drifted"] else 0)


@app.command()
def show(
    use_case: UseCase = "rul",
    everything: Annotated[bool, typer.Option("--all", help="Also what did not drift.")] = False,
    as_json: Json = False,
) -> None:
    """Example: acme drift show --use-case rul --json

    The last run of a use case, the farthest beyond its threshold first. Exit 1 where something drifted.
    """
    from acme_lib import runtime
    from acme_lib.drift.history import last_run

    rows = last_run(runtime.lakehouse(), use_case)
    drifted = [r for r in rows if r["drifted"]]
    shown = rows if everything else drifted
    if as_json:
        typer.echo(json.dumps({"use_case": use_case, "drifted": len(drifted), "rows": shown}, default=str))
    else:
        _table(shown, f"{use_case}: {len(drifted)} of {len(rows)} drifted")
    raise typer.Exit(1 if drifted else 0)


def _show(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, default=str))
        return
    for name, value in found.items():
        typer.echo(f"{name:<18} {', '.join(map(str, value)) if isinstance(value, list) else value}")


def _table(rows: list[dict[str, Any]], title: str) -> None:
    from rich.console import Console
    from rich.table import Table

    names = ("feature", "stratum", "metric", "value", "threshold", "n_reference", "n_current")
    table = Table(*names, title=title)
    for row in rows:
        table.add_row(*(f"{row[n]:.4g}" if isinstance(row[n], float) else str(row[n]) for n in names))
    Console().print(table)
