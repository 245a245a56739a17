"""The whole chain on real parts in a home of its own, with faults at chosen moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from acme_lib.pipeline import chosen
from acme_lib.pipeline.local import run_locally
from acme_lib.processes import Process, free_port
from acme_lib.run.evidence import Evidence
from acme_lib.run.reconcile import reconcile
from acme_lib.run.stack import Stack, acme, bridge_status
from acme_lib.settings import settings

Fault = Callable[["Chain"], None]


def own_home(home: Path, **more: str) -> dict[str, str]:
    """The environment of a home with ports nobody else has."""
    return {
        "ACME_HOME": str(home),
        "ACME_BROKER__PORT": str(free_port()),
        "ACME_EVENTHUBS__KAFKA_PORT": str(free_port()),
        "ACME_EVENTHUBS__AMQP_PORT": str(free_port()),
        "ACME_EVENTHUBS__CONTROL_PORT": str(free_port()),
        "ACME_LAKE__SPARK_MEMORY": "2g",
        **more,
    }


def pids(words: str) -> list[int]:
    """Our own descendants whose command line holds `words`."""
    found = []
    for child in psutil.Process().children(recursive=True):
        try:
            if words in " ".join(child.cmdline()):
                found.append(child.pid)
        except psutil.Error:
            continue
    return found


def kill_by_words(words: str) -> None:
    for pid in pids(words):
        os.kill(pid, signal.SIGKILL)


def kill_ingest(chain: Chain) -> None:
    kill_by_words("bridge ingest")


def kill_egress(chain: Chain) -> None:
    kill_by_words("bridge egress")


def kill_door(chain: Chain) -> None:
    chain.stack.hubs.door.kill()
    chain.stack.hubs.door.start()


def kill_kafka(chain: Chain) -> None:
    chain.stack.hubs.kafka.kill()
    chain.stack.hubs.kafka.start()


def outage(chain: Chain) -> None:
    subprocess.run(acme("eventhubs", "fault", "outage", "4"), check=True, capture_output=True)


KILLS: dict[str, Fault] = {
    "ingest": kill_ingest,
    "egress": kill_egress,
    "door": kill_door,
    "kafka": kill_kafka,
    "outage": outage,
}


@dataclass
class Chain:
    """One home, one stack. `publish` runs the simulated plant while `faults` happen at seeded moments."""

    home: Path
    seed: int = 1
    happened: list[str] = field(default_factory=list)

    def __enter__(self) -> Chain:
        settings.cache_clear()
        self.stack = Stack(settings()).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.__exit__()

    def publish(self, faults: dict[str, Fault], minutes: float = 0.2) -> None:
        moments = random.Random(self.seed)
        plan = sorted((moments.uniform(1.0, minutes * 60 * 0.8), name) for name in faults)
        command = acme(
            "plant", "simulate", "--minutes", str(minutes), "--speed", "240", "--seed", str(self.seed),
            "--publish-log", str(self.home / "published" / "one"), "--json",
        )  # fmt: skip
        start = time.monotonic()
        with Process("plant", command, self.home / "logs" / "plant.log") as plant:
            for at, name in plan:
                time.sleep(max(0.0, at - (time.monotonic() - start)))
                faults[name](self)
                self.happened.append(f"{name} at {at:.1f} s")
            while plant.alive():
                time.sleep(0.1)
        assert plant.exit_code == 0, plant.tail()

    def drain(self) -> dict[str, Any]:
        published = sum(self.published().values())
        return self.stack.drain(published, within_s=120)

    def published(self) -> dict[str, int]:
        rows = self.evidence().rows("SELECT kind, count(*) AS n FROM published GROUP BY kind")
        return {r["kind"]: r["n"] for r in rows}

    def evidence(self) -> Evidence:
        return Evidence(settings().lakehouse_dir, self.home / "published")

    def notebooks(self, names: list[str] | None = None) -> None:
        steps = chosen(names)
        run_locally(steps, {s.name: {"run_id": "chain"} for s in steps}, self.home / "runs" / "notebooks")

    def result(self) -> dict[str, Any]:
        return reconcile(self.evidence(), bridge_status(), self.published())
