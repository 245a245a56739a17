"""`acme plant`: simulate, replay, backfill. Translates options; decides nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

Log = Annotated[Path | None, typer.Option(help="folder of the publish log: evidence of what was acknowledged")]
Json = Annotated[bool, typer.Option("--json", help="one object for machines")]
Identity = Annotated[
    str, typer.Option(help="a principal of contracts/roles.yaml: its certificate is shown, else it is the user name")
]
Format = Annotated[
    str, typer.Option("--format", help="cmapss, azure-pdm, or one of contracts/historians.yaml, such as ai4i")
]
Source = Annotated[Path, typer.Argument(help="folder of the files, or one file", metavar="PATH")]
Subset = Annotated[str, typer.Option(help="C-MAPSS subset, such as FD001")]
Split = Annotated[str, typer.Option(help="C-MAPSS: train, test or both")]
Limit = Annotated[int | None, typer.Option("--limit-equipment", help="only the first so many engines or machines")]
Rate = Annotated[float | None, typer.Option(help="messages a second, in place of --speed")]


@app.callback()
def plant() -> None:
    """Example: acme plant simulate --minutes 2 --speed 120 --publish-log .acme/published

    Simulate a plant, replay historian files over MQTT, or backfill them straight into Bronze.
    """


@app.command()
def simulate(
    minutes: Annotated[float, typer.Option(help="how long to publish; event time at --speed max")] = 60.0,
    speed: Annotated[str, typer.Option(help="event time passes so many times faster; or max")] = "1",
    rate: Rate = None,
    seed: Annotated[int, typer.Option(help="same seed and --start, same bytes")] = 1,
    start: Annotated[str | None, typer.Option(help="event time of the first reading, ISO 8601")] = None,
    period: Annotated[float | None, typer.Option(help="seconds between readings of a gauge")] = None,
    malformed_share: Annotated[float, typer.Option(help="share of messages that are malformed")] = 0.01,
    duplicate_share: Annotated[float, typer.Option(help="share of messages that are sent twice")] = 0.005,
    conflicts: Annotated[int, typer.Option(help="how many message ids are used again with another body")] = 0,
    life_h: Annotated[float, typer.Option(help="running hours of a machine from new to failure")] = 36.0,
    messages: Annotated[int | None, typer.Option(help="stop after so many messages")] = None,
    publish_log: Log = None,
    identity: Identity = "plant-simulator",
    as_json: Json = False,
) -> None:
    """Example: acme plant simulate --minutes 2 --speed 120 --seed 7 --malformed-share 0.01

    Publishes the registered plant: --minutes on the wall, N times as much event time at --speed N, ending at the present.
    At --speed max, or with --rate, --minutes is event time.
    """
    from acme_lib.plant import commands, console

    config, pace = commands.simulation(
        minutes, speed, rate, start, seed=seed, malformed_share=malformed_share, duplicate_share=duplicate_share,
        conflicts=conflicts, period_s=period, life_h=life_h,
    )  # fmt: skip
    console.show(commands.simulated(config, pace, messages, publish_log, identity), as_json)


@app.command()
def replay(
    path: Source,
    form: Format,
    subset: Subset = "FD001",
    split: Split = "train",
    limit_equipment: Limit = None,
    speed: Annotated[str, typer.Option(help="event time passes so many times faster; or max")] = "max",
    rate: Rate = None,
    publish_log: Log = None,
    identity: Identity = "plant-simulator",
    as_json: Json = False,
) -> None:
    """Example: acme plant replay --format cmapss --subset FD001 ../shared/data/cmapss

    Publishes historian files as telemetry over MQTT, by event time, marked replayed.
    """
    from acme_lib.plant import commands, console
    from acme_lib.plant.historian import histories
    from acme_lib.plant.publishing import Pace

    found = histories(form, path, subset=subset, split=split, limit=limit_equipment)
    console.show(commands.replayed(found, Pace.parse(speed, rate), publish_log, identity), as_json)


@app.command()
def backfill(
    path: Source,
    form: Format,
    subset: Subset = "FD001",
    split: Split = "train",
    limit_equipment: Limit = None,
    as_json: Json = False,
) -> None:
    """Example: acme plant backfill --format cmapss --subset FD001 ../shared/data/cmapss

    Writes historian files straight into bronze_events, without a broker. A second time adds nothing.
    """
    from acme_lib.plant import commands, console
    from acme_lib.plant.historian import histories

    found = histories(form, path, subset=subset, split=split, limit=limit_equipment)
    console.show(commands.backfilled(found), as_json)
