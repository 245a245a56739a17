"""Commands of `acme lake` for Gold and for the tables' upkeep; the lake's cli adds them."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

__all__ = ["add_to"]

Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without, only say what would be done.")]
Tables = Annotated[list[str] | None, typer.Argument(help="Tables; all that exist without.")]


def gold(
    run_id: Annotated[str, typer.Option(help="Name of this run in the tables' notes.")] = "manual",
    full: Annotated[bool, typer.Option(help="Make everything anew, not only what new rows reach.")] = False,
    as_json: Json = False,
) -> None:
    """Example: acme lake gold --json

    Makes every hour and day anew that new rows of silver_events reach.
    """
    from acme_lib.lake import gold as job
    from acme_lib.lake.cli import ran

    ran(job.run, job.Config(run_id=run_id, full=full), as_json)


def optimize(tables: Tables = None, apply: Apply = False, as_json: Json = False) -> None:
    """Example: acme lake optimize gold_hourly --apply

    Compacts small files, by key where the contract says so.
    """
    _maintain("optimize", tables, apply, as_json)


def vacuum(tables: Tables = None, apply: Apply = False, as_json: Json = False) -> None:
    """Example: acme lake vacuum --apply

    Removes files that no version of the contract's vacuum_hours needs.
    """
    _maintain("vacuum", tables, apply, as_json)


def purge(tables: Tables = None, apply: Apply = False, as_json: Json = False) -> None:
    """Example: acme lake purge bronze_events

    Deletes rows past the contract's retention_days.
    """
    _maintain("purge", tables, apply, as_json)


def _maintain(action: str, tables: list[str] | None, apply: bool, as_json: bool) -> None:
    from getpass import getuser

    from acme_lib import runtime
    from acme_lib.lake.maintenance import maintain

    done = maintain(runtime.lakehouse(), action, tables or [], getuser(), runtime.now(), apply)
    if as_json:
        typer.echo(json.dumps({"done": [asdict(d) for d in done]}))
        return
    for d in done:
        what = "done" if d.applied else "dry run"
        typer.echo(f"{d.action} {d.table}: {what}, {d.files} files, {d.rows} rows")


def add_to(app: typer.Typer) -> None:
    """Hangs the commands under `acme lake`."""
    for command in (gold, optimize, vacuum, purge):
        app.command()(command)
