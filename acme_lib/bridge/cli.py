"""`acme bridge`: run the bridge, or one of its two processes; show its ledger."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)


@app.callback()
def about() -> None:
    """Example: acme bridge run, and beside it: acme bridge status --json

    The store-and-forward bridge from the plant's MQTT broker to Event Hubs. Settings: [bridge] in acme.toml.
    """


@app.command()
def run() -> None:
    """Example: acme bridge run

    Starts ingest and egress, starts a dead one again, and ends both in order on Ctrl-C or SIGTERM.
    """
    from acme_lib.bridge import assemble
    from acme_lib.settings import settings

    assemble.run(settings(), assemble.until_told())


@app.command()
def ingest() -> None:
    """Example: acme bridge ingest

    Only the half that takes messages from the broker into the journal.
    """
    from acme_lib.bridge import assemble
    from acme_lib.settings import settings

    assemble.ingest(settings(), assemble.until_told())


@app.command()
def egress() -> None:
    """Example: acme bridge egress

    Only the half that carries the journal to Event Hubs.
    """
    from acme_lib.bridge import assemble
    from acme_lib.settings import settings

    assemble.egress(settings(), assemble.until_told())


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Example: acme bridge status --json

    The ledger, read from the journal's files; needs no running bridge. Exit 1 where something is not as it should be.
    """
    from acme_lib.bridge import assemble
    from acme_lib.settings import settings

    found = assemble.status(settings()).json()
    print(json.dumps(found)) if as_json else _table(found)
    raise typer.Exit(0 if found["healthy"] else 1)


def _table(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("count", "value", title="bridge ledger", title_justify="left")
    for name, value in found.items():
        if name in ("by_hub", "complaints", "dead_lettered"):
            continue
        table.add_row(name, _text(value))
    console = Console()
    console.print(table)
    for complaint in found["complaints"]:
        console.print(f"unhealthy: {complaint}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k} {n:,}" for k, n in value.items())
    return str(value).lower() if isinstance(value, bool | str) else f"{value:,}"
