"""`acme run`: the main job."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(add_completion=False)


@app.command()
def run(
    source: Annotated[str, typer.Option(help="simulate, or a historian format: cmapss, azure-pdm, ...")] = "simulate",
    data: Annotated[Path | None, typer.Option(help="folder of the historian files")] = None,
    subset: Annotated[str, typer.Option(help="C-MAPSS subset, such as FD001")] = "FD001",
    path: Annotated[
        str, typer.Option(help="mqtt: through broker, bridge and hub; backfill: straight into Bronze")
    ] = "mqtt",
    minutes: Annotated[float, typer.Option(help="minutes the simulated plant publishes")] = 0.5,
    speed: Annotated[float, typer.Option(help="event time runs this many times faster")] = 1440.0,
    seed: Annotated[int, typer.Option(help="seed of the simulated plant")] = 7,
    malformed_share: Annotated[float, typer.Option(help="share of malformed messages")] = 0.01,
    ml: Annotated[bool, typer.Option("--ml", help="then features, training, tuning, validation and drift")] = False,
    use_case: Annotated[
        list[str] | None,
        typer.Option(help="with --ml: only this one; may be given again; all that the data answers without it"),
    ] = None,
    fresh: Annotated[
        bool | None,
        typer.Option(
            "--fresh/--keep", help="start clean, or go on; without either: go on only after an interrupted run"
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="the summary as one object")] = False,
) -> None:
    """Example: acme run --source cmapss --data ../shared/data/cmapss

    Publishes a plant's telemetry, carries it through broker, bridge and Event Hubs into Bronze, Silver and Gold, and proves that
    nothing was lost, doubled or reordered. Exit 0 balanced, 1 not balanced or failed, 2 wrong use, 130 interrupted.
    """
    from rich.console import Console

    from acme_lib.pipeline import configured
    from acme_lib.run.main_job import MainJob
    from acme_lib.run.options import RunOptions
    from acme_lib.settings import settings

    options = configured(
        RunOptions, "command", source=source, data=data, subset=subset, path=path, minutes=minutes, speed=speed, seed=seed,
        malformed_share=malformed_share, ml=ml, use_cases=tuple(use_case or ()), fresh=fresh,
    )  # fmt: skip
    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # both end every process in order
    job = MainJob(options, settings(), lambda text: console.print(f"[dim]{text}[/dim]"))
    try:
        summary = job.run()
    except KeyboardInterrupt:
        console.print("interrupted; every process has ended. Run again to go on, or with --fresh to start clean")
        raise typer.Exit(130) from None
    if as_json:
        print(json.dumps(summary, default=str))
    else:
        _table(summary, console)
    raise typer.Exit(0 if summary["balanced"] else 1)


def _table(summary: dict[str, Any], console: Console) -> None:
    from rich.table import Table

    from acme_lib.settings import settings

    table = Table(title=f"Plant to Gold, run {summary['run_id']}", show_header=False)
    keys = ("published", "accepted", "delivered", "redelivered", "bronze_rows", "silver_rows", "duplicates_removed", "violations", "gold_hourly_rows", "missing", "inversions")  # fmt: skip
    for key in keys:
        table.add_row(key, f"{summary[key]:,}")
    for reason, count in sorted(summary["dead_lettered"].items()):
        table.add_row(f"dead-lettered {reason}", f"{count:,}")
    for hop in summary["hops"]:
        if not hop["balanced"]:
            table.add_row(f"[red]{hop['name']}[/red]", f"{hop['left']:,} against {hop['right']:,}")
    table.add_row("balanced", "[green]yes[/green]" if summary["balanced"] else "[red]no[/red]")
    table.add_row(
        "seconds",
        f"{summary['seconds_total']:.0f}  ({', '.join(f'{k} {v:.0f}' for k, v in summary['seconds'].items())})",
    )
    console.print(table)
    console.print(f"report: {settings().home}/runs/latest/report.html")
