"""The main job as a user runs it, each time from a clean start: how long it takes whole, and by stage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from acme_lib.bench.home import own_home
from acme_lib.bench.report import REPORTS, Report
from acme_lib.errors import Stop

__all__ = ["run"]

ENGINES = Path(os.environ.get("ACME_DATA", REPORTS.parents[2] / "shared" / "data")).resolve() / "cmapss"
FD001 = ["--source", "cmapss", "--data", str(ENGINES)]
JOBS = {  # name: options, seconds it may take
    "simulated plant, half a minute of publishing": ([], 180),
    "FD001's training file through MQTT": ([*FD001, "--path", "mqtt"], 360),
    "FD001's training file by backfill": ([*FD001, "--path", "backfill"], 120),
}


def run(quick: bool = False) -> Report:
    """`quick` runs the simulated plant alone. Raises Stop where a run does not balance."""
    report = Report("main-job", "The main job, whole", "acme bench main_job", ("run", "messages", "seconds", "bound", "by stage"))  # fmt: skip
    for name, (options, bound) in JOBS.items():
        if options and (quick or not ENGINES.is_dir()):
            report.notes.append(f"{name}: not run{'' if quick else ', its data are not here'}.")
            continue
        summary, seconds = _once(options)
        Console(stderr=True).print(f"{name}: {seconds:.0f} s")
        stages = ", ".join(f"{stage} {taken:.0f}" for stage, taken in summary["seconds"].items() if taken >= 0.5)
        report.rows.append((name, f"{summary['published']:,}", f"{seconds:.0f}", f"{bound}", stages))
    report.notes += [
        "Each from an empty home with set-up done: process start, broker, bridge, Event Hubs, Spark, notebooks, reconciliation, report. Every run balanced: nothing missing, doubled or inverted.",
        "One turn each. Seconds are the machine's as much as the program's: others of its kind took two to three times as long on busier days.",
    ]
    return report


def _once(options: list[str]) -> tuple[dict[str, Any], float]:
    with own_home() as found:
        environment = {k: v for k, v in os.environ.items() if k != "ACME_LAKE__WORK"}  # the run chooses its own
        command = [str(Path(sys.executable).with_name("acme")), "run", *options, "--json"]
        began = time.perf_counter()
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=found.home)
        seconds = time.perf_counter() - began
    if done.returncode:
        raise Stop(f"acme run {' '.join(options)} ended with {done.returncode}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout), seconds
