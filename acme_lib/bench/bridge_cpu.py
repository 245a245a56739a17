"""What a message costs the bridge in CPU, against loops that carry it from broker to hub without rules or journal."""

from __future__ import annotations

import subprocess
import sys
import time

from acme_lib.bench.bare import LOOPS, WARM, messages
from acme_lib.bench.bridge_stage import bridge, cpu_s, publish, settled, status
from acme_lib.bench.report import Report, spread
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["compare"]

_CPU_MOST, _VALIDATION_MOST = 1.25, 0.05
NOTES = [
    "Every loop uses the same paho, the same partition hash, one batch in flight a partition holding what waits up to 2,000 events, "
    "TLS to the same door, one process; none validates, stamps or keeps anything on disk, and each acknowledges before the hub has the message.",
    "Textbook and bare are what one writes from paho's manual; nearly all of bare is paho reading one packet a call. "
    "The backlog's bound of 1.25 is set against bare.",
    "The bridge's figure is all three of its processes: reading, validation, stamp, journal with fsync, reading it back, sending, cursors.",
    "The leanest loop shows what the guarantees cost: it differs from the bridge only by rules, stamp, journal and the second process.",
]


def compare(report: Report, found: Settings, count: int, rounds: int) -> None:
    """CPU of all the bridge's processes against loops without rules and journal, in turns on the same kind of messages."""
    costs: dict[str, list[float]] = {kind: [] for kind in (*LOOPS, "bridge", "judge")}
    for n in range(rounds):
        forget(found)  # or the broker would keep the loops' messages for the bridge too
        for kind in LOOPS if not n else [k for k in LOOPS if k != "textbook"]:
            costs[kind].append(bare_us(found, kind, count))
        costs["bridge"].append(bridge_us(found, count))
        costs["judge"].append(judge_us())
    for kind, of in LOOPS.items():
        report.rows.append([f"{kind} loop ({of.words}), CPU us a message", spread(costs[kind], 1), "", ""])
    report.rows.append(["bridge, all its processes, CPU us a message", spread(costs["bridge"], 1), "", ""])
    ratios = {k: [b / a for a, b in zip(costs[k], costs["bridge"], strict=False)] for k in LOOPS}
    report.rows.append(["bridge / bare loop", spread(ratios["bare"]), f"{_CPU_MOST}", f"{_CPU_MOST}"])
    report.rows.append(["bridge / leanest loop", spread(ratios["leanest"]), "", ""])
    report.rows.append(["validation alone, CPU us a message", spread(costs["judge"], 1), "", ""])
    shares_of = [f"{j / b * 100:.1f}" for j, b in zip(costs["judge"], costs["bare"], strict=True)]
    report.rows.append(
        ["validation / bare loop, %", ", ".join(shares_of), f"{_VALIDATION_MOST:.0%}", f"{_VALIDATION_MOST:.0%}"]
    )
    report.notes += NOTES


def bare_us(found: Settings, kind: str, count: int) -> float:
    command = [sys.executable, "-m", "acme_lib.bench.bare", "loop", str(count), kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as loop:
        assert loop.stdout is not None
        if loop.stdout.readline().strip() != "ready":
            raise Stop(f"bench: the {kind} loop did not start; run {' '.join(command)} by hand to see why")
        publish(found, WARM + count)
        return float(loop.stdout.readline())


def bridge_us(found: Settings, count: int) -> float:
    before = status(found)
    with bridge(found) as running:
        publish(found, WARM)
        settled(found, before.accepted + WARM)
        begun = cpu_s(running)
        publish(found, count)
        settled(found, before.accepted + WARM + count)
        return (cpu_s(running) - begun) / count * 1e6


def forget(found: Settings) -> None:
    """Ends the bridge's session at the broker, and what is queued in it."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    client = mqtt.Client(CallbackAPIVersion.VERSION2, found.bridge.id, protocol=mqtt.MQTTv5)
    client.username_pw_set(found.bridge.id)
    client.connect("127.0.0.1", found.broker.port, clean_start=True)
    for _ in range(5):
        client.loop(0.1)
    client.disconnect()


def judge_us() -> float:
    from acme_lib.uns import judge

    sample = list(messages(20_000))
    start = time.process_time()
    for topic, body in sample:
        judge(topic, body)
    return (time.process_time() - start) / len(sample) * 1e6
