"""What a class archive saves the broker's and Kafka's start: none, the start that leaves one, and the starts from it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

from acme_lib.bench.report import Report, spread
from acme_lib.processes import Process, free_port
from acme_lib.settings import Settings, load, settings

__all__ = ["run"]

SETS = ("hivemq", "kafka", "ecj")
Turn = dict[str, tuple[float, float]]  # CPU and wall seconds, by "service, variant"


def run(*, quick: bool = False) -> Report:
    """Variants take turns; each turn has jar folders of its own (links), so that none sees another's archive."""
    report = Report(
        "services-start", "Start of the broker and of Kafka", "acme bench services", ("Start", "CPU s", "Wall s", "CPU ratio")
    )  # fmt: skip
    turns = [_turn() for _ in range(1 if quick else 5)]
    for name in turns[0]:
        cpu, wall = [t[name][0] for t in turns], [t[name][1] for t in turns]
        base = name.split(",")[0] + ", no archive"
        report.rows.append((name, spread(cpu, 1), spread(wall, 1), spread([t[name][0] / t[base][0] for t in turns])))
    report.notes.append("From the process's begin until it serves. Kafka: its storage was formatted before.")
    return report


def _turn() -> Turn:
    found: Turn = {}
    with TemporaryDirectory(prefix="acme-bench-") as folder:
        bare, kept = _jars(Path(folder) / "bare"), _jars(Path(folder) / "kept")
        (bare / "classes").write_text("in the way, so that no archive is left")
        for variant, jars in (("no archive", bare), ("leaves its classes", kept), ("from these classes", kept)):
            with TemporaryDirectory(prefix="acme-bench-") as home:
                own = load(home=Path(home), jars=jars, broker={"port": free_port()}, eventhubs=_ports())
                found[f"broker, {variant}"] = _measured(_broker, own)
                found[f"Kafka, {variant}"] = _measured(_kafka, own)
    return dict(sorted(found.items(), key=lambda item: item[0].split(",")[0]))


def _jars(folder: Path) -> Path:
    folder.mkdir()
    for name in (*SETS, "compiled"):
        (folder / name).symlink_to(settings().jars_dir / name)
    return folder


def _ports() -> dict[str, int]:
    return {name: free_port() for name in ("kafka_port", "amqp_port", "control_port")}


def _broker(own: Settings) -> tuple[Callable[[], Process], Callable[[], None]]:
    from acme_lib.broker import Broker

    broker = Broker(own)

    def start() -> Process:
        process = broker.start().process
        assert process is not None
        return process

    return start, broker.stop


def _kafka(own: Settings) -> tuple[Callable[[], Process], Callable[[], None]]:
    from acme_lib.eventhubs.local.kafka import kafka_process

    process = kafka_process(own)
    return process.start, lambda: process.stop(30)


def _measured(
    make: Callable[[Settings], tuple[Callable[[], Process], Callable[[], None]]], own: Settings
) -> tuple[float, float]:
    start, stop = make(own)
    began = time.perf_counter()
    process = start()
    wall = time.perf_counter() - began
    used = psutil.Process(process.pid).cpu_times()
    stop()
    return used.user + used.system, wall
