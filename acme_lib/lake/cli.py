"""`acme lake`: run one job of the lake, list its tables, put a broken checkpoint aside."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from acme_lib.lake.maintenance_cli import add_to

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
RunId = Annotated[str, typer.Option(help="Name of this run in the tables' notes.")]


@app.callback()
def _help() -> None:
    """Example: acme lake silver

    Bronze, Silver, Gold on Delta: each job takes what is new since its own last commit; running again does no harm.
    """


def shown(found: dict[str, Any], as_json: bool) -> None:
    """A record as a table for a person, as one object for a machine."""
    if as_json:
        typer.echo(json.dumps(found, default=str))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("what", "value")
    for name, value in found.items():
        table.add_row(name, f"{value:,}" if isinstance(value, int) else str(value))
    Console().print(table)


def ran(job: Any, config: Any, as_json: bool) -> None:
    from acme_lib.pipeline import run_job

    record = run_job(job, config)
    shown({"job": record.job, "seconds": record.seconds, "rows_in": record.rows_in, "rows_out": record.rows_out, **record.counters}, as_json)  # fmt: skip


@app.command()
def bronze(
    run_id: RunId = "manual",
    max_offsets_per_trigger: Annotated[int, typer.Option(min=1, help="Most events a batch.")] = 500_000,
    continuous: Annotated[bool, typer.Option(help="Go on until Ctrl-C or --for-s.")] = False,
    for_s: Annotated[float | None, typer.Option(help="Seconds after which a continuous run ends.")] = None,
    accept_lost: Annotated[bool, typer.Option(help="Go on although the hub lost unread events.")] = False,
    as_json: Json = False,
) -> None:
    """Example: acme lake bronze --json

    Reads the hubs into bronze_events and bronze_dead_letters.
    """
    from acme_lib.lake import bronze as job

    config = job.Config(
        run_id=run_id,
        max_offsets_per_trigger=max_offsets_per_trigger,
        trigger="continuous" if continuous else "available_now",
        for_s=for_s,
        accept_lost=accept_lost,
    )
    ran(job.run, config, as_json)


@app.command()
def silver(
    run_id: RunId = "manual",
    max_rows_per_batch: Annotated[
        int | None, typer.Option(min=1, help="Most Bronze rows in memory at once; lake.max_rows_per_batch without it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Example: acme lake silver --json

    Takes what is new in bronze_events to silver_events, each message once.
    """
    from acme_lib.lake import silver as job

    ran(job.run, job.Config(run_id=run_id, max_rows_per_batch=max_rows_per_batch), as_json)


@app.command()
def quality(
    run_id: RunId = "manual",
    day: Annotated[list[str] | None, typer.Option(help="Make this day anew (2026-11-24); repeatable.")] = None,
    as_json: Json = False,
) -> None:
    """Example: acme lake quality --day 2026-11-24

    Makes silver_quality_metrics for the days that are new, or for those named.
    """
    from acme_lib.lake import quality as job
    from acme_lib.pipeline import configured

    ran(job.run, configured(job.Config, "command", run_id=run_id, days=day or None), as_json)


@app.command("rebuild-checkpoint")
def rebuild_checkpoint(
    table: Annotated[str, typer.Argument(help="bronze_events or bronze_dead_letters.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be moved.")] = False,
    as_json: Json = False,
) -> None:
    """Example: acme lake rebuild-checkpoint bronze_events --dry-run

    Puts a query's checkpoint aside. The next run starts behind the table's own marks: nothing is lost or doubled.
    """
    from getpass import getuser

    from acme_lib import runtime
    from acme_lib.lake import checkpoint
    from acme_lib.monitoring import audit_at

    checkpoint.known(table)
    audit = None if dry_run else audit_at(runtime.lakehouse())
    shown(checkpoint.rebuild(table, audit, getuser(), runtime.now()), as_json)


@app.command()
def tables(as_json: Json = False) -> None:
    """Example: acme lake tables --json

    Every table of the contracts: its Delta version, files and bytes, and how far it has come.
    """
    from acme_lib import runtime
    from acme_lib.lake.tables import listed

    found = listed(runtime.lakehouse())
    if as_json:
        typer.echo(json.dumps(found))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("table", "layer", "version", "files", "bytes", "partitions read")
    for row in found:
        table.add_row(*(f"{v:,}" if isinstance(v, int) else str(v) for v in row.values()))
    Console().print(table)


add_to(app)
