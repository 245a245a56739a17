"""What the JVM's compiler costs a short job: Spark's start, one count and one append of Delta, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from tempfile import TemporaryDirectory

from acme_lib.bench.report import Report, spread
from acme_lib.runtime import JAVA_OPTIONS
from acme_lib.settings import settings

__all__ = ["run"]

JOB = """
import sys
import psutil
from acme_lib import runtime
session = runtime.spark()
session.range(1000).count()
session.range(1000).write.format("delta").mode("append").save(sys.argv[1])
own = psutil.Process()
print(sum(sum(p.cpu_times()[:2]) for p in [own, *own.children(recursive=True)]))  # pyspark never waits for its JVM
session.stop()
"""
VARIANTS = {
    "baseline: the JVM's own defaults": "-XX:-UsePerfData",
    "`lake.work = short`": JAVA_OPTIONS["short"],
    "`lake.work = long`": JAVA_OPTIONS["long"],
}


def run(*, quick: bool = False) -> Report:
    """Variants take turns, so that a busy minute of the machine falls on all of them."""
    report = Report(
        "spark-start", "Start of a local Spark job", "acme bench start", ("Compiler", "CPU s", "Wall s", "CPU ratio")
    )
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in VARIANTS}
    for _ in range(1 if quick else 4):
        for name, options in VARIANTS.items():
            taken[name].append(_once(options))
    base = [cpu for cpu, _ in next(iter(taken.values()))]
    for name, turns in taken.items():
        cpu, wall = [c for c, _ in turns], [w for _, w in turns]
        ratio = [own / theirs for own, theirs in zip(cpu, base, strict=True)]
        report.rows.append((name, spread(cpu, 1), spread(wall, 1), spread(ratio)))
    report.notes.append(
        "One start, one count and one append of 1,000 rows to a new Delta table; JVM and Python together."
    )
    return report


def _once(java_options: str) -> tuple[float, float]:
    """CPU and wall seconds of one job with these options."""
    with TemporaryDirectory() as home:
        env = {
            **os.environ,
            "ACME_HOME": home,
            "ACME_JARS": str(settings().jars_dir),
            "ACME_LAKE__JAVA_OPTIONS": java_options,
        }
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", JOB, f"{home}/table"], env=env, check=True, capture_output=True, text=True
        )
        return float(done.stdout.split()[-1]), time.perf_counter() - began
