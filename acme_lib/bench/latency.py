"""Publish to committed in Bronze at a steady rate: the age of each message when its Delta commit was written."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from acme_lib.bench.home import own_home
from acme_lib.bench.report import Report
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
    """1,000 messages a second for two minutes, a quarter of that for `quick`."""
    with own_home() as found:
        return measure(found, seconds=30 if quick else 120, warm_up_s=5 if quick else 20)


def measure(found: Settings, *, rate: int = 1000, seconds: int, warm_up_s: int) -> Report:
    """Runs broker, bridge, door, Kafka and a Bronze stream with a one-second trigger; the first `warm_up_s` are not counted."""
    home = found.home.resolve()
    with Stack(found):
        stream = Process(
            "bronze",
            [sys.executable, "-c", BRONZE],
            home / "logs" / "bronze.log",
            ready=lambda: "ready" in _text(home / "logs" / "bronze.log"),
        )
        with stream:
            time.sleep(25)  # the JVM's first batches are not the stream's pace
            command = acme("plant", "simulate", "--rate", str(rate), "--minutes", "600", "--messages", str(rate * seconds), "--publish-log", str(home / "published" / "latency"), "--json")  # fmt: skip
            with Process("plant", command, home / "logs" / "plant.log") as plant:
                while plant.alive():
                    time.sleep(0.2)
            time.sleep(8)
    evidence = Evidence(found.lakehouse_dir, home / "published")
    _commits(evidence, found.lakehouse_dir)
    files = [str(p) for p in (found.lakehouse_dir / "Tables" / "bronze_events").rglob("*.parquet")]
    row = evidence.rows(PERCENTILES, files, rate * warm_up_s)[0]
    return Report(
        name="latency",
        title="Publish to committed in Bronze",
        command="acme bench latency",
        columns=("rate", "messages", "p50", "p95", "p99", "most"),
        rows=[(f"{rate:,}/s", f"{row['messages']:,}", *(f"{row[k]:.2f} s" for k in ("p50", "p95", "p99", "most")))],
        notes=[
            "From the moment the publisher sent a message to the time of the Delta commit that made its row readable; one clock.",
            "Publisher, HiveMQ CE, bridge, AMQP door, Kafka and Spark (trigger 1 s) shared the machine. The backlog's limit is 30 s, the aim a p95 under 5 s.",
        ],
    )


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _commits(evidence: Evidence, lakehouse: Path) -> None:
    """Table `commits`: each file of bronze_events with the time its commit was written."""
    evidence.db.execute("CREATE TABLE commits (filename VARCHAR, committed TIMESTAMPTZ)")
    table = lakehouse / "Tables" / "bronze_events"
    rows: list[tuple[str, float]] = []
    for entry in sorted((table / "_delta_log").glob("*.json")):
        actions: list[dict[str, Any]] = [json.loads(line) for line in entry.read_text().splitlines()]
        rows += [(str(table / a["add"]["path"]), entry.stat().st_mtime) for a in actions if "add" in a]
    evidence.db.executemany("INSERT INTO commits VALUES (?, to_timestamp(?))", rows or [("", 0.0)])
