"""The bridge measured: live beside its broker and hubs, with malformed messages among them, draining a backlog, and its CPU
against a bare loop."""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

from acme_lib.bench.bare import AHEAD, messages
from acme_lib.bench.bridge_cpu import compare
from acme_lib.bench.bridge_letters import beside
from acme_lib.bench.bridge_stage import bridge, publish, settled, shares, stack, status
from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report, spread
from acme_lib.settings import Settings

__all__ = ["run"]

FLOORS = {"live": (3_000, 8_000), "drain": (20_000, 30_000)}


@dataclass(frozen=True)
class Size:
    """Seconds and messages of each part; the whole stays under nine minutes."""

    warm: int = 100_000
    live_s: float = 300.0
    window_s: float = 30.0
    turn: int = 30_000
    pairs: int = 6
    backlog: int = 150_000
    drains: int = 3
    compare: int = 20_000
    rounds: int = 3


QUICK = Size(
    warm=5_000, live_s=10.0, window_s=5.0, turn=20_000, pairs=2, backlog=20_000, drains=2, compare=4_000, rounds=1
)


def run(quick: bool = False) -> Report:
    """Starts broker, Kafka and door in a home of their own, measures, and ends them."""
    size = QUICK if quick else Size()
    report = Report("bridge", "The bridge, measured", "acme bench bridge", ["figure", "measured", "floor", "aim"])
    with own_home() as found, stack(found):
        with bridge(found):
            say("warming up")
            publish(found, size.warm)  # the broker's JIT: CPU a message falls to a fifth over the first 700,000
            settled(found, size.warm)
            say(f"live, {size.live_s:.0f} s")
            live(report, found, size)
            say("with and without malformed messages")
            beside(report, found, size.turn, size.pairs)
        say("backlogs")
        drain(report, found, size)
        say("CPU a message")
        compare(report, found, size.compare, size.rounds)
    return report


def say(stage: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {stage}", file=sys.stderr, flush=True)


def live(report: Report, found: Settings, size: Size) -> None:
    """Publisher, broker, both halves of the bridge, door and Kafka, all on these cores."""
    before, begun, cpu = status(found), time.monotonic(), shares()
    with ThreadPoolExecutor(1) as aside:
        publishing = aside.submit(publish, found, 0, size.live_s)
        windows, last = [], before.delivered
        while time.monotonic() - begun < size.live_s:
            start = time.monotonic()
            time.sleep(min(size.window_s, max(0.0, size.live_s - (start - begun))))
            now = status(found).delivered
            windows.append((now - last) / (time.monotonic() - start))
            last = now
        spent = shares(cpu)
        count, _ = publishing.result()
    after = settled(found, before.accepted + count)
    delivered = after.delivered - before.delivered
    report.rows.append(
        row(f"live, {size.live_s:.0f} s, publish to hub, msg/s", delivered / (time.monotonic() - begun), "live")
    )
    report.rows.append([f"live, windows of {size.window_s:.0f} s, msg/s", spread(windows, 0), "", ""])
    report.notes.append(
        f"Live: {count:,} published, {delivered:,} delivered, {after.redelivered} delivered again, ledger balanced: {after.balanced}. "
        f"The publisher is never more than {AHEAD:,} messages ahead of the bridge. CPU us a message: {', '.join(f'{name} {s / max(1, last - before.delivered) * 1e6:.0f}' for name, s in spent.items())}."
    )


def drain(report: Report, found: Settings, size: Size) -> None:
    """A backlog taken over MQTT while egress is away; then backlogs delivered by egress alone through the public SDK."""
    before, rates = status(found), []
    with bridge(found, "ingest"):
        start = time.monotonic()
        count, _ = publish(found, size.backlog)
        while status(found).accepted < before.accepted + count:
            time.sleep(0.05)
        rate = count / (time.monotonic() - start)
    report.rows.append([f"ingest alone, {count:,} messages, publish to journal, msg/s", f"{rate:,.0f}", "", ""])
    for n in range(size.drains):
        if n:
            fill(found, size.backlog)
        rates.append(drained(found))
    report.rows.append(
        [f"drain of {size.backlog:,} messages, msg/s", spread(rates, 0), *map("{:,}".format, FLOORS["drain"])]
    )


def fill(found: Settings, count: int) -> None:
    """A backlog written as ingest writes it, without MQTT before it."""
    from acme_lib.bridge.files import BridgeFiles
    from acme_lib.bridge.intake import Intake
    from acme_lib.bridge.mapping import Mapping
    from acme_lib.bridge.stream import Publish
    from acme_lib.contracts import contracts

    of = contracts().bridge
    journal, intake = BridgeFiles.of(found).writer(of.dead_letter_hub), Intake(Mapping(of), found.bridge.id)
    every = messages(count)
    while group := list(islice(every, 200)):
        taken = intake.take(
            [Publish(topic, body, 1) for topic, body in group], journal.next_seq, time.time_ns() // 1_000_000
        )
        journal.append(taken.entries, time.time_ns() // 1_000_000, taken.counts)
    journal.close()


def drained(found: Settings) -> float:
    """Messages a second from egress's first delivery to its last."""
    before = status(found)
    with bridge(found, "egress"):
        while (now := status(found)).delivered == before.delivered:
            time.sleep(0.01)  # connecting is not draining
        start, first = time.monotonic(), now.delivered
        after = settled(found, before.accepted)
        return float(after.delivered - first) / (time.monotonic() - start)


def row(name: str, rate: float, kind: str) -> list[str]:
    floor, aim = FLOORS[kind]
    return [name, f"{rate:,.0f}", f"{floor:,}", f"{aim:,}"]
