"""The stage of the bridge's measurement: broker, hubs and bridge in a home of their own, a publisher, and who spends the CPU."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from acme_lib.processes import Process
from acme_lib.settings import Settings

__all__ = ["bridge", "cpu_s", "publish", "settled", "shares", "stack", "status"]

PARTS = {
    "publisher": "bench.bare publish",
    "HiveMQ": "broker.launcher",
    "ingest": "bridge ingest",
    "egress": "bridge egress",
    "door": "eventhubs.local.door",
    "Kafka": "kafka.Kafka",
}


@contextmanager
def stack(found: Settings) -> Iterator[None]:
    from acme_lib.broker import Broker
    from acme_lib.eventhubs.local import LocalEventHubs

    hubs = LocalEventHubs(found).start()
    try:
        with Broker(found):
            yield
    finally:
        hubs.stop()


@contextmanager
def bridge(found: Settings, half: str = "run") -> Iterator[Process]:
    from acme_lib.bridge import ready

    process = Process("bridge", acme("bridge", half), found.folder("logs") / "bench-bridge.log")
    if half != "egress":
        process.ready = lambda: ready(found)
    with process:
        yield process


def acme(*words: str) -> list[str]:
    return [sys.executable, "-m", "acme_lib.cli", *words]


def publish(found: Settings, count: int, seconds: float = 0.0, bad_every: int = 0) -> tuple[int, float]:
    """Publishes `count` messages, or for `seconds`; the number acknowledged by the broker, and the seconds it took."""
    words = [str(found.broker.port), str(count), str(seconds), str(bad_every)]
    start = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "acme_lib.bench.bare", "publish", *words], capture_output=True, text=True, check=True
    )
    return int(done.stdout), time.monotonic() - start


def status(found: Settings) -> Any:
    from acme_lib.bridge import assemble

    return assemble.status(found)


def settled(found: Settings, accepted: int, within_s: float = 300.0) -> Any:
    """The status once so many are accepted and all of them delivered."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        now = status(found)
        if now.accepted >= accepted and not now.buffered:
            return now
        time.sleep(0.05)
    return status(found)


def cpu_s(process: Process) -> float:
    """User and system seconds of a process and all below it."""
    import psutil

    found = psutil.Process(process.pid)
    return sum(sum(p.cpu_times()[:2]) for p in [found, *found.children(recursive=True)])


def shares(since: dict[str, float] | None = None) -> dict[str, float]:
    """CPU seconds of each part beside us, or what was spent since an earlier answer."""
    import psutil

    found: dict[str, float] = {}
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            words = " ".join(child.cmdline())
            name = next((n for n, mark in PARTS.items() if mark in words), None)
            if name:
                found[name] = found.get(name, 0.0) + sum(child.cpu_times()[:2])
    return {n: s - (since or {}).get(n, 0.0) for n, s in found.items()}
