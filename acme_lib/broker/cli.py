"""`acme broker`: run HiveMQ here, show how it is and where its files have drifted from the templates."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@app.callback()
def _help() -> None:
    """Example: acme broker start

    The plant's MQTT broker: HiveMQ CE with access by role. Port, heap and persistence: [broker] in acme.toml.
    """


@app.command()
def start() -> None:
    """Example: ACME_BROKER__PORT=1884 acme broker start

    Renders the configuration, starts HiveMQ and stays in the foreground until Ctrl-C or SIGTERM.
    """
    from acme_lib.broker.foreground import serve
    from acme_lib.settings import settings

    serve(settings(), typer.echo)


@app.command()
def stop() -> None:
    """Example: acme broker stop

    Ends the broker of this home folder by its process id: SIGTERM, then SIGKILL after ten seconds.
    """
    from acme_lib.broker.status import stop_running
    from acme_lib.settings import settings

    typer.echo(f"broker ended (process {stop_running(settings())})")


@app.command()
def status(as_json: Json = False) -> None:
    """Example: acme broker status --json

    Whether a client can connect, and whether it runs the configuration of today. Exit 1 where not.
    """
    from acme_lib.broker.status import read_status
    from acme_lib.settings import settings

    found = read_status(settings())
    if as_json:
        typer.echo(json.dumps(found.facts()))
    else:
        for name, value in found.facts().items():
            typer.echo(f"{name:<18} {', '.join(value) if isinstance(value, list) else value}")
    raise typer.Exit(0 if found.healthy else 1)


@app.command()
def diff(as_json: Json = False) -> None:
    """Example: acme broker diff

    Unified diff from the templates to the broker's files. Exit 1 on drift.
    """
    from acme_lib.broker import Broker, config
    from acme_lib.settings import settings

    broker = Broker(settings())
    drifted = config.drifted(broker.home, broker.files)
    text = config.drift(broker.home, broker.files)
    typer.echo(json.dumps({"drift": drifted, "diff": text}) if as_json else text or "no drift", nl=as_json or not text)
    raise typer.Exit(1 if drifted else 0)


@app.command()
def render() -> None:
    """Example: acme broker render

    Writes the broker's home folder without starting it; a running broker reads it at its next start.
    """
    from acme_lib.broker import Broker, config
    from acme_lib.settings import settings

    broker = Broker(settings())
    broker.render()
    typer.echo(f"{broker.home}: checksum {config.checksum(broker.files)}")
