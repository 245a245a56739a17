"""`acme eventhubs`: serve the local hubs, show what they hold, order faults."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _help() -> None:
    """Example: acme eventhubs serve

    A local Event Hubs namespace: Apache Kafka holds the log, an AMQP door stands before it.
    """


@app.command()
def serve() -> None:
    """Example: acme eventhubs serve

    Runs Kafka and the door until Ctrl-C, and starts either again where it ends. Ports: eventhubs.amqp_port,
    kafka_port, control_port in acme.toml.
    """
    from acme_lib.eventhubs.local.supervise import supervise
    from acme_lib.settings import settings

    supervise(settings(), typer.echo)


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False) -> None:
    """Example: acme eventhubs status --json

    Offsets of every hub and partition, and the consumer groups. Exit 1 where Kafka does not answer.
    """
    from acme_lib.eventhubs.status import read_status
    from acme_lib.settings import settings

    found = read_status(settings())
    if as_json:
        import json
        from dataclasses import asdict

        typer.echo(json.dumps(asdict(found)))
        return
    from rich.console import Console
    from rich.table import Table

    hubs = Table("hub", "partition", "first", "next", "events")
    for p in found.partitions:
        hubs.add_row(p.hub, str(p.partition), str(p.begin), str(p.end), f"{p.end - p.begin:,}")
    groups = Table("consumer group", "hub", "committed", "behind")
    for g in found.groups:
        groups.add_row(
            g.group, g.hub, "-" if g.committed is None else str(g.committed), "-" if g.lag is None else str(g.lag)
        )
    console = Console()
    console.print(hubs)
    console.print(groups)


@app.command()
def fault(
    name: Annotated[str, typer.Argument(help="busy, drop, lostack, hang, detach, auth, slow or outage")],
    amount: Annotated[float, typer.Argument(min=0, help="sends; slow: milliseconds, 0 ends it; outage: seconds")] = 1,
) -> None:
    """Example: acme eventhubs fault busy 3

    Orders a fault of the running door: busy, drop, lostack, hang, detach (next N sends), auth (next N tokens),
    slow (every answer, milliseconds), outage (no listener, seconds).
    """
    from acme_lib.eventhubs.local import ask
    from acme_lib.settings import settings

    ask(settings(), f"fault {name} {amount:g}")
    typer.echo(f"ordered: {name} {amount:g}")
