"""`acme bench`: measure, and write the report."""

from __future__ import annotations

from importlib import import_module
from typing import Annotated

import typer

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)

BENCHES = {
    "start": "what the JVM's compiler costs a short Spark job",
    "services": "what a class archive saves the start of the broker and of Kafka",
    "main_job": "acme run whole: the simulated plant, FD001 through MQTT and by backfill",
    "uns": "topics and payloads judged a second, cold start",
    "eventhubs": "the door's throughput and the SDK's cost an event",
    "bridge": "live rate, drain of a backlog, CPU a message against a bare loop",
    "latency": "publish to committed in Bronze at 1,000 messages a second",
    "lake": "Silver at three sizes beside a straightforward implementation",
    "drift": "false alarms, delay of detection, a gas turbine over three years",
    "edge": "cold start, latency under load and one row in process, beside mlflow models serve",
    "gold": "hourly and daily Gold at three sizes beside a straightforward implementation",
    "models": "figures of the models judged in the present lakehouse, worked out anew from gold_predictions",
    "features": "feature rows a second in batch, cost of a frame at the edge",
}


@app.command()
def bench(
    names: Annotated[list[str], typer.Argument(help="all, or some of: " + ", ".join(BENCHES))],
    quick: Annotated[bool, typer.Option(help="small sizes, to see that it runs; writes no report")] = False,
) -> None:
    """Example: acme bench lake

    Each measurement runs its baseline in the same run and writes docs/reports/NAME.md with the command that made it.
    """
    from rich.console import Console

    from acme_lib import runtime
    from acme_lib.errors import WrongUse

    chosen = [n for n in BENCHES if n != "models"] if names == ["all"] else names  # models: of what was trained before
    if unknown := [n for n in chosen if n not in BENCHES]:
        raise WrongUse(f"no measurement {unknown[0]!r}; there are {', '.join(BENCHES)}, or all")
    console = Console(stderr=True)
    for name in chosen:
        console.print(f"{name}: {BENCHES[name]}")
        report = import_module(f"acme_lib.bench.{name}").run(quick=quick)
        if quick:
            print(report.markdown(f"{runtime.now():%Y-%m-%d}"))
        else:
            console.print(f"wrote {report.write(f'{runtime.now():%Y-%m-%d}')}")
