"""Topics and payloads judged: rates inside one process, cold start of the command, and what validation costs a message."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from acme_lib.bench.report import Report, spread
from acme_lib.uns import Rejected, judge, violations_of
from acme_lib.uns.grammar import grammar

__all__ = ["run"]

TOPIC = "acme/dallas/drying/line-1/cell-a/dryer-01/vibration_de"
MESSAGE = {
    "messageId": "418be63d-82c4-5337-9053-4081791b323e",
    "tsUtc": "2026-11-24T23:00:00.000Z",
    "topic": TOPIC,
    "value": 12.5,
    "quality": "GOOD",
    "units": "mm/s",
    "sourceSystem": "plant-sim",
    "lineageVersion": "1.0.0",
    "schemaVersion": "1.0.0",
    "epoch": "2026-11-24T22:58:41Z",
    "seq": 123456,
}
PAYLOADS = {
    "usual message": MESSAGE,
    "colons in a string, an unknown array": {**MESSAGE, "sourceSystem": "opc:tcp://gw-1", "extra": [1, "a"]},
    "rejected: unknown flag": {**MESSAGE, "quality": "BAD"},
}


def run(*, quick: bool = False) -> Report:
    """Every figure is CPU time of this process, best to worst of the repeats, except the cold starts (wall clock)."""
    repeats = 3 if quick else 9
    report = Report(
        "uns-validation", "Validation of topics and payloads", "acme bench uns", ("What", "Figure", "Asked for")
    )
    plant = [f"acme/s{i % 3}/a{i % 7}/line-{i % 5}/cell-{i % 4}/m-{i % 1000:03d}/tag_{i % 25}" for i in range(100_000)]
    rates = [len(plant) / _cpu(lambda: violations_of(plant)) for _ in range(repeats)]
    report.rows.append(("topics judged a second, in a batch", spread(rates, 0), ">= 500,000"))
    fresh = [len(plant) / _cpu(lambda: _first_time(plant)) for _ in range(repeats)]
    report.rows.append(("the same, none met before", spread(fresh, 0), ""))
    report.rows.append(("`acme uns --help`, seconds from a cold start", spread(_cold(["--help"], repeats)), "< 0.3"))
    with TemporaryDirectory() as folder:
        listed = Path(folder) / "topics.txt"
        listed.write_text("\n".join(plant[:1000]))
        started = _cold(["validate", "--json", "--file", str(listed)], repeats)
    report.rows.append(
        ("1,000 topics by `acme uns validate --file`, seconds from a cold start", spread(started), "< 0.5")
    )
    _payload_rows(report, repeats, 2_000 if quick else 20_000)
    report.notes.append(
        "CPU time of the process, median of the repeats with the least and the most; cold starts by the wall clock."
    )
    report.notes.append("The share of validation in the bridge's CPU a message is measured by `acme bench bridge`.")
    return report


def _payload_rows(report: Report, repeats: int, count: int) -> None:
    usual = orjson.dumps(MESSAGE)
    parse = [_cpu(lambda: [orjson.loads(usual) for _ in range(count)]) / count * 1e6 for _ in range(repeats)]
    report.rows.append(("baseline: orjson parses the usual message, us", spread(parse), ""))
    for name, message in PAYLOADS.items():
        data = orjson.dumps(message)
        if isinstance(judge(TOPIC, data), Rejected) != name.startswith("rejected"):
            raise AssertionError(f"{name}: {judge(TOPIC, data)}")
        n = count // 20 if name.startswith("rejected") else count
        took = [_cpu(lambda d=data, n=n: [judge(TOPIC, d) for _ in range(n)]) / n * 1e6 for _ in range(repeats)]  # type: ignore[misc]
        report.rows.append((f"judge, {name} ({len(data)} bytes), us", spread(took), ""))


def _first_time(topics: list[str]) -> None:
    grammar.cache_clear()
    violations_of(topics)


def _cpu(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def _cold(args: list[str], repeats: int) -> list[float]:
    """Seconds of the wall clock from the start of `acme uns` to its end."""
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "acme_lib.cli", "uns", *args], stdout=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - started)
    return seconds
