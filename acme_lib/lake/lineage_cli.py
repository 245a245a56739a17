"""`acme lineage`: follow one message through every layer."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def lineage(
    message_id: Annotated[str | None, typer.Argument(help="Identity of the message (UUID).")] = None,
    topic: Annotated[str | None, typer.Option(help="With --seq, instead of the id.")] = None,
    seq: Annotated[int | None, typer.Option(help="The publisher's counter on that topic.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Example: acme lineage 0b0e6a5e-6f0f-5a53-9d3c-2f1d3c4b5a69 --json

    Shows the message's rows in Bronze (every copy), Silver and Gold, the files they lie in, and dead letters.
    """
    from acme_lib import runtime
    from acme_lib.errors import Stop, WrongUse
    from acme_lib.lake.lineage import find_topic_seq, follow

    by_seq = topic is not None and seq is not None
    if (message_id is None) != by_seq:
        raise WrongUse("name a message id, or --topic together with --seq")
    lake = runtime.lakehouse()
    ids = find_topic_seq(lake, topic or "", seq or 0) if message_id is None else [message_id]
    traces = [follow(lake, i) for i in ids]
    if not any(rows for t in traces for rows in t["layers"].values()):
        what = message_id or f"{topic} seq {seq}"
        raise Stop(f"{what}: in no layer of {lake.root}; check the id, or run the pipeline if it is new")
    if as_json:
        typer.echo(json.dumps({"messages": traces}, default=str))
        return
    for trace in traces:
        typer.echo(f"message {trace['message_id']}")
        for layer, rows in trace["layers"].items():
            typer.echo(f"  {layer}: {len(rows)} row(s) {trace['versions'].get(layer, '')}")
            for row in rows:
                typer.echo("    " + ", ".join(f"{k}={v}" for k, v in row.items()))
