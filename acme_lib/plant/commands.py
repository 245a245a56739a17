"""What the plant's commands do: options to a config, messages to the broker, histories to Bronze."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from acme_lib.errors import WrongUse
from acme_lib.identity import principal
from acme_lib.plant import console
from acme_lib.plant.encoder import iso_ms
from acme_lib.plant.historian import History
from acme_lib.plant.historian import replay as replay_messages
from acme_lib.plant.message import Outgoing
from acme_lib.plant.proof import proof
from acme_lib.plant.publishing import Pace, publish
from acme_lib.plant.simulation import Config, expected_messages, outside_policy, simulate, started_ms
from acme_lib.settings import settings

__all__ = ["backfilled", "replayed", "simulated", "simulation"]


def simulation(
    minutes: float, speed: str, rate: float | None, start: str | None, **options: Any
) -> tuple[Config, Pace]:
    """The config and pace of `acme plant simulate`. Raises WrongUse naming the option."""
    pace = Pace.parse(speed, rate)
    span = minutes * (pace.speed or 1.0)
    if not 0 < span < 1e6:
        raise WrongUse(f"--minutes {minutes} at --speed {speed}: give a span above 0 and below two years")
    now_ms = time.time_ns() // 1_000_000
    start_ms = _instant_ms(start) if start else started_ms(now_ms, span, pace.speed)
    late = outside_policy(start_ms, span, now_ms, pace.speed)
    if late:
        console.notice("event time lies outside the bridge's clock policy: every message is marked replayed")
    return Config(start_ms, span, replayed=late, **options), pace


def simulated(config: Config, pace: Pace, most: int | None, log: Path | None, identity: str) -> dict[str, Any]:
    """Publishes a simulated plant, at most `most` messages of it."""
    if most is not None and most < 1:
        raise WrongUse(f"--messages {most}: give a whole number from 1")
    total = min(most or expected_messages(config), expected_messages(config))
    found = _published("simulate", islice(simulate(config), most), total, pace, log, identity)
    return found | {"seed": config.seed, "first_event_utc": iso_ms(config.start_ms), "replayed": config.replayed}


def replayed(histories: list[History], pace: Pace, log: Path | None, identity: str) -> dict[str, Any]:
    """Publishes histories, all of them together by event time."""
    _tell(histories)
    total = sum(history.count for history in histories)
    found = _published("replay", replay_messages(histories), total, pace, log, identity)
    return found | {"histories": {history.name: history.count for history in histories}}


def backfilled(histories: list[History]) -> dict[str, Any]:
    """Appends histories to bronze_events; what is there already is left alone."""
    from acme_lib import runtime
    from acme_lib.lake.bronze import append_backfill
    from acme_lib.plant import backfill

    _tell(histories)
    now, began = runtime.now(), time.monotonic()
    total, added = sum(history.count for history in histories), 0
    with console.bar("backfill", total) as progress:
        lake = runtime.lakehouse()
        for history in histories:
            batches = backfill.rows(history, int(now.timestamp() * 1000))
            added += append_backfill(history.hub, batches, lake, now)
            progress(added)
    return {"rows": total, "added": added, "seconds": round(time.monotonic() - began, 3)}


def _tell(histories: list[History]) -> None:
    for history in histories:
        for note in history.notes:
            console.notice(note)


def _published(
    what: str, messages: Iterable[Outgoing], total: int, pace: Pace, log: Path | None, identity: str
) -> dict[str, Any]:
    who = principal(identity)
    shown = proof(who, settings())
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by either, the log is written to the last row
    with console.bar(what, total) as progress:
        found = publish(messages, settings().broker, log, pace=pace, identity=identity, proof=shown, progress=progress)
        progress(found.published)
    return console.summary(found, log, identity=who.identity, role=who.role)


def _instant_ms(text: str) -> int:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as e:
        raise WrongUse(f"--start {text}: {e}; write 2026-11-24T06:00:00Z") from e
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
