"""Publish to committed in Bronze at a steady rate: the age of each message when its Delta commit was written."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report
from acme_lib.errors import Stop
from acme_lib.processes import Process
from acme_lib.run.evidence import Evidence
from acme_lib.run.stack import Stack, acme
from acme_lib.settings import Settings

__all__ = ["run"]

BRONZE = """
import os, signal
from acme_lib import runtime
from acme_lib.lake import bronze
print("ready", flush=True)
bronze.run(bronze.Config(run_id="latency", trigger="continuous", processing_time_s=1.0), runtime.lakehouse(), runtime.now())
"""
PERCENTILES = """
SELECT count(*) AS messages, quantile_cont(s, 0.5) AS p50, quantile_cont(s, 0.95) AS p95, quantile_cont(s, 0.99) AS p99, max(s) AS most FROM (
  SELECT date_diff('millisecond', p.sent_utc, c.committed) / 1000.0 AS s
  FROM published p
  JOIN (SELECT regexp_extract(decode(body), '"messageId":"([^"]+)"', 1) AS message_id, filename FROM read_parquet(?, filename = true)) b USING (message_id)
  JOIN commits c ON b.filename = c.filename WHERE p.kind = 'valid' AND p.n >= ?)"""


def run(*, quick: bool = False) -> Report:
    """1,000 messages a second for seven minutes, half a minute for `quick`."""
    with own_home(work="short") as found:
        return measure(found, seconds=30 if quick else 420, warm_up_s=5 if quick else 60)


def measure(found: Settings, *, rate: int = 1000, seconds: int, warm_up_s: int) -> Report:
    """Runs broker, bridge, door, Kafka and a Bronze stream with a one-second trigger; the first `warm_up_s` are not counted."""
    home = found.home.resolve()
    with Stack(found):
        stream = Process(
            "bronze",
            [sys.executable, "-c", BRONZE],
            home / "logs" / "bronze.log",
            ready=lambda: "ready" in _text(home / "logs" / "bronze.log"),
            ready_within_s=120,
        )
        with stream:
            warm = 5 * rate  # the JVM's first batches are not the stream's pace
            publish(home, rate, warm, home / "warm-up")
            _committed(found, stream, warm)
            publish(home, rate, rate * seconds, home / "published")
            _committed(found, stream, warm + rate * seconds)
    evidence = Evidence(found.lakehouse_dir, home / "published")
    commits = _commits(found.lakehouse_dir)
    evidence.db.execute("CREATE TABLE commits (filename VARCHAR, committed TIMESTAMPTZ)")
    evidence.db.executemany("INSERT INTO commits VALUES (?, to_timestamp(?))", [(f, at) for f, at, _ in commits])
    checkpoints = len(
        list((found.lakehouse_dir / "Tables" / "bronze_events" / "_delta_log").glob("*.checkpoint.parquet"))
    )
    row = evidence.rows(PERCENTILES, [f for f, _, _ in commits], rate * warm_up_s)[0]
    return Report(
        name="latency",
        title="Publish to committed in Bronze",
        command="acme bench latency",
        columns=("rate", "messages", "p50", "p95", "p99", "most"),
        rows=[(f"{rate:,}/s", f"{row['messages']:,}", *(f"{row[k]:.2f} s" for k in ("p50", "p95", "p99", "most")))],
        notes=[
            "From the moment the publisher sent a message to the time of the Delta commit that made its row readable; one clock.",
            f"The first {warm_up_s} s do not count: three JVMs compile in them. {checkpoints} of Delta's checkpoints fell into the rest; each holds the stream up.",
            "Publisher, HiveMQ CE, bridge, AMQP door, Kafka and Spark (trigger 1 s) shared the machine. The backlog's limit is 30 s, the aim a p95 under 5 s.",
        ],
    )


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def publish(home: Path, rate: int, count: int, log: Path) -> None:
    """Messages at a steady rate; returns when all are acknowledged."""
    words = ["--rate", str(rate), "--minutes", "6000", "--messages", str(count), "--publish-log", str(log), "--json"]
    with Process("plant", acme("plant", "simulate", *words), home / "logs" / "plant.log") as plant:
        while plant.alive():
            time.sleep(0.2)
    if plant.exit_code:
        raise Stop(f"the plant ended with {plant.exit_code}: {plant.tail()}")


def _committed(found: Settings, stream: Process, count: int, within_s: float = 90.0) -> None:
    """Returns once Bronze holds nearly `count` rows: what the bridge rejected is in another table. Raises Stop."""
    until = time.monotonic() + within_s
    while sum(rows for _, _, rows in _commits(found.lakehouse_dir)) < 0.95 * count:
        if not stream.alive() or time.monotonic() > until:
            raise Stop(f"Bronze did not keep up within {within_s:.0f} s: {stream.tail()}")
        time.sleep(1.0)
    time.sleep(3.0)  # the last batch


def _commits(lakehouse: Path) -> list[tuple[str, float, int]]:
    """Each file of bronze_events, when its commit was written (seconds since 1970), and its rows."""
    table = lakehouse / "Tables" / "bronze_events"
    found: list[tuple[str, float, int]] = []
    for entry in sorted((table / "_delta_log").glob("*.json")):
        actions: list[dict[str, Any]] = [json.loads(line) for line in entry.read_text().splitlines()]
        adds = [a["add"] for a in actions if "add" in a]
        at = entry.stat().st_mtime
        found += [(str(table / add["path"]), at, json.loads(add["stats"])["numRecords"]) for add in adds]
    return found
