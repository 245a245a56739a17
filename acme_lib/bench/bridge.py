"""The bridge measured: live beside its broker and hubs, draining a backlog, and its CPU against a bare loop."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from acme_lib.bench.bare import messages
from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report
from acme_lib.processes import Process
from acme_lib.settings import Settings

__all__ = ["run"]

FLOORS = {"live": (3_000, 8_000), "drain": (20_000, 30_000)}
_CPU_MOST, _VALIDATION_MOST = 1.25, 0.05


@dataclass(frozen=True)
class Size:
    """Seconds and messages of each part."""

    warm: int = 100_000
    live_s: float = 300.0
    backlog: int = 1_000_000
    compare: int = 200_000


QUICK = Size(warm=20_000, live_s=20.0, backlog=150_000, compare=40_000)


def run(quick: bool = False) -> Report:
    """Starts broker, Kafka and door in a home of their own, measures, and ends them."""
    size = QUICK if quick else Size()
    report = Report("bridge", "The bridge, measured", "acme bench bridge", ["figure", "measured", "floor", "aim"])
    with own_home() as found, stack(found):
        with bridge(found) as running:
            publish(found, size.warm)  # the broker's JIT: CPU a message falls to a fifth over the first 700,000
            settled(found, size.warm)
            live(report, found, size, running)
        drain(report, found, size)
        compare(report, found, size)
    validation(report)
    return report


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


def publish(found: Settings, count: int, seconds: float = 0.0) -> tuple[int, float]:
    """Publishes `count` messages, or for `seconds`; the number acknowledged by the broker, and the seconds it took."""
    words = [str(found.broker.port), str(count), str(seconds)]
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


def live(report: Report, found: Settings, size: Size, running: Process) -> None:
    """Publisher, broker, both halves of the bridge, door and Kafka, all on these cores."""
    before = status(found)
    start = time.monotonic()
    count, _ = publish(found, 0, size.live_s)
    after = settled(found, before.accepted + count)
    seconds = time.monotonic() - start
    rate = (after.delivered - before.delivered) / seconds
    report.rows.append(row(f"live, {size.live_s:.0f} s, publish to hub, msg/s", rate, "live"))
    report.notes.append(
        f"Live: {count:,} published, {after.delivered - before.delivered:,} delivered, {after.redelivered} delivered again, "
        f"ledger balanced: {after.balanced}."
    )


def drain(report: Report, found: Settings, size: Size) -> None:
    """A backlog taken while egress is away, then delivered by it alone through the public SDK."""
    before = status(found)
    with bridge(found, "ingest"):
        start = time.monotonic()
        count, _ = publish(found, size.backlog)
        while status(found).accepted < before.accepted + count:
            time.sleep(0.05)
        report.rows.append(
            [
                f"ingest alone, {count:,} messages, msg/s",
                f"{count / (time.monotonic() - start):,.0f}",
                "8,000",
                "14,000",
            ]
        )
    with bridge(found, "egress"):
        while status(found).delivered == before.delivered:
            time.sleep(0.01)  # connecting is not draining
        start, first = time.monotonic(), status(found).delivered
        after = settled(found, before.accepted + count)
        rate = (after.delivered - first) / (time.monotonic() - start)
    report.rows.append(row(f"drain of {count:,} messages, msg/s", rate, "drain"))


def compare(report: Report, found: Settings, size: Size) -> None:
    """CPU of both halves against a bare loop, paho to SDK, on the same messages in the same run."""
    bare = subprocess.Popen(
        [sys.executable, "-m", "acme_lib.bench.bare", "loop", str(size.compare)], stdout=subprocess.PIPE, text=True
    )
    assert bare.stdout is not None
    assert bare.stdout.readline().strip() == "ready"
    publish(found, size.compare)
    bare_us = float(bare.stdout.readline())
    bare.wait(60)
    before = status(found)
    with bridge(found) as running:
        settled(found, before.accepted + size.compare)  # what the broker kept for us while the bare loop ran
        idle = cpu_s(running)
        publish(found, size.compare)
        settled(found, before.accepted + 2 * size.compare)
        ours_us = (cpu_s(running) - idle) / size.compare * 1e6
    report.rows.append(["bridge, CPU us a message", f"{ours_us:.1f}", "", ""])
    report.rows.append(["bare paho-to-SDK loop, CPU us a message", f"{bare_us:.1f}", "", ""])
    report.rows.append(["ratio", f"{ours_us / bare_us:.2f}", f"{_CPU_MOST}", f"{_CPU_MOST}"])


def cpu_s(process: Process) -> float:
    """User and system seconds of a process and all below it."""
    import psutil

    found = psutil.Process(process.pid)
    return sum(sum(p.cpu_times()[:2]) for p in [found, *found.children(recursive=True)])


def validation(report: Report) -> None:
    """The judge's CPU against the bare loop's, the baseline without it."""
    from acme_lib.uns import judge

    sample = list(messages(20_000))
    start = time.process_time()
    for topic, body in sample:
        judge(topic, body)
    us = (time.process_time() - start) / len(sample) * 1e6
    bare = next(float(r[1]) for r in report.rows if r[0].startswith("bare"))
    report.rows.append(["validation, CPU us a message", f"{us:.1f}", "", ""])
    report.rows.append(
        ["validation, against the bare loop", f"{us / bare:.1%}", f"{_VALIDATION_MOST:.0%}", f"{_VALIDATION_MOST:.0%}"]
    )


def row(name: str, rate: float, kind: str) -> list[str]:
    floor, aim = FLOORS[kind]
    return [name, f"{rate:,.0f}", f"{floor:,}", f"{aim:,}"]
