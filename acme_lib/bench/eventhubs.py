"""The local door's throughput, and what an event costs the sender: our way of filling a batch beside the SDK's own."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report, spread
from acme_lib.eventhubs import HubSender, connect
from acme_lib.eventhubs import batches as filled
from acme_lib.eventhubs.local import LocalEventHubs

__all__ = ["run"]

BODY = b'{"messageId":"418be63d-82c4-5337-9053-4081791b323e","value":12.5}'.ljust(350, b" ")
BATCH, LANES = 500, 4
DRAIN = (20_000, 30_000)  # floor, aim


def _cpu_s(pid: int | None) -> float:
    import psutil

    spent = psutil.Process(pid).cpu_times()
    return float(spent.user + spent.system)


def _drain(sender: HubSender, batches: int) -> float:
    """Seconds to send so many batches on each lane at once."""

    def lane(partition: int) -> None:
        for _ in range(batches):
            sender.send(partition, [BODY] * BATCH)

    started = time.perf_counter()
    with ThreadPoolExecutor(LANES) as pool:
        list(pool.map(lane, range(LANES)))
    return time.perf_counter() - started


def _door(hubs: LocalEventHubs, batches: int, rounds: int) -> list[list[str]]:
    """Rows of the report: rate, and CPU of both ends an event."""
    sender, rates, ours, theirs = connect("telemetry", hubs.settings), [], [], []
    _drain(sender, 2)
    for _ in range(rounds):
        mine, door, events = time.process_time(), _cpu_s(hubs.door.pid), batches * LANES * BATCH
        rates.append(events / _drain(sender, batches))
        ours.append((time.process_time() - mine) / events * 1e6)
        theirs.append((_cpu_s(hubs.door.pid) - door) / events * 1e6)
    sender.close()
    return [
        [
            f"drain through azure-eventhub, {LANES} partitions, batches of {BATCH}, TLS, events/s",
            spread(rates, 0),
            *(f"{n:,}" for n in DRAIN),
        ],
        ["sender, CPU us an event", spread(ours), "", ""],
        ["door, CPU us an event", spread(theirs), "", ""],
    ]


def _filling(make: Callable[..., Any], rounds: int) -> list[float]:
    """CPU us an event to fill one batch."""
    costs = []
    for _ in range(rounds):
        started = time.process_time()
        make([BODY] * BATCH, "0", 1 << 20)
        costs.append((time.process_time() - started) / BATCH * 1e6)
    return costs


def run(quick: bool = False) -> Report:
    """Raises Stop where Kafka can't start."""
    report = Report(
        name="eventhubs",
        title="Event Hubs: the local door and the sender",
        command="acme bench eventhubs",
        columns=["measurement", "median (least to most)", "floor", "aim"],
    )
    with own_home() as found, LocalEventHubs(found) as hubs:
        report.rows += _door(hubs, *((5, 2) if quick else (50, 5)))
    rounds = 5 if quick else 40
    report.rows.append(
        ["filling a batch, encoded sections, CPU us an event", spread(_filling(filled._by_hand, rounds)), "", ""]
    )
    report.rows.append(
        ["filling a batch, EventData of the SDK, CPU us an event", spread(_filling(filled._by_sdk, rounds)), "", ""]
    )
    report.notes += [
        f"Bodies of {len(BODY)} bytes. The sender, the door and Kafka are three processes on the same machine.",
        "An event counts when Kafka has stored it and the door has acknowledged it.",
    ]
    return report
