"""`acme plant`: simulate, replay, backfill. Translates options; decides nothing."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated, Optional

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Example: acme plant simulate --minutes 60 --speed 60"
)


@app.callback()
def _plant() -> None:
    """Simulate a plant, replay or backfill a historian.

    Example: acme plant simulate --minutes 60 --speed 60 --publish-log .acme/publish-log
    """


@app.command()
def simulate(
    minutes: Annotated[float, typer.Option(help="Event time to simulate, minutes.")] = 60.0,
    speed: Annotated[str, typer.Option(help="Times faster than real time, or max.")] = "1",
    seed: Annotated[int, typer.Option(help="Same seed and start, same bytes.")] = 1,
    malformed_share: Annotated[float, typer.Option(help="Share of messages that are malformed.")] = 0.01,
    publish_log: Annotated[Optional[Path], typer.Option(help="Folder of the publish log.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="One object for machines.")] = False,
) -> None:
    """Publish a simulated plant.

    Example: acme plant simulate --minutes 240 --speed 120 --seed 7 --malformed-share 0.01
    """
    from acme_lib.plant.publishing import Pace, publish
    from acme_lib.plant.simulation import Config, started_ms
    from acme_lib.plant.simulation import simulate as messages
    from acme_lib.settings import settings

    pace = Pace.parse(speed)
    config = Config(started_ms(time.time_ns() // 1_000_000, minutes, pace.speed), minutes, seed, malformed_share)
    found = publish(messages(config), settings().broker, publish_log, pace=pace)
    if as_json:
        print(json.dumps({"published": found.published, "seconds": round(found.seconds, 3), **found.kinds}))
    else:
        print(f"{found.published} published in {found.seconds:.1f} s, {found.rate:.0f}/s")
