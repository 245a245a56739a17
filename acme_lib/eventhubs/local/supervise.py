"""Runs the local hubs in the foreground: both processes, started again where one ends, ended together by Ctrl-C."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from types import FrameType

from acme_lib.errors import Stop
from acme_lib.eventhubs.local import LocalEventHubs
from acme_lib.processes import Process
from acme_lib.settings import Settings

__all__ = ["supervise"]

MOST_RESTARTS, WITHIN_S = 5, 120.0


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def supervise(settings: Settings, say: Callable[[str], None]) -> None:
    """Returns after Ctrl-C or SIGTERM. Raises Stop where a process ends again and again."""
    signal.signal(signal.SIGTERM, _interrupt)
    hubs, found = LocalEventHubs(settings), settings.eventhubs
    try:
        say("starting Kafka and the door ...")
        with hubs:
            scheme = "amqps" if found.tls else "amqp"
            say(f"open: {scheme}://localhost:{found.amqp_port}, kafka 127.0.0.1:{found.kafka_port}. Ctrl-C ends it.")
            _watch(hubs, say)
    except KeyboardInterrupt:
        say("ended; what was acknowledged is kept")


def _watch(hubs: LocalEventHubs, say: Callable[[str], None]) -> None:
    restarts: list[float] = []
    while True:
        time.sleep(0.5)
        for process in (hubs.kafka, hubs.door):
            if not process.alive():
                restarts = [t for t in restarts if t > time.monotonic() - WITHIN_S] + [time.monotonic()]
                _again(process, restarts, say)


def _again(process: Process, restarts: list[float], say: Callable[[str], None]) -> None:
    if len(restarts) > MOST_RESTARTS:
        raise Stop(
            f"{process.name} ended {MOST_RESTARTS} times in {WITHIN_S:.0f} s: {process.tail()}; see {process.log}"
        )
    say(f"{process.name} ended; starting it again")
    process.start()
