"""Plant to Gold on real parts: nothing lost, doubled or reordered, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from chain import KILLS, Chain, pids

from acme_lib.errors import Stop
from acme_lib.pipeline import STEPS
from acme_lib.pipeline.local import NOTEBOOKS
from acme_lib.settings import settings

WRITES = {  # a notebook and the table that tells of its progress
    "bronze_ingest": "bronze_events",
    "silver_transform": "silver_events",
    "gold_aggregate": "gold_hourly",
}


def proven(chain: Chain) -> None:
    result = chain.result()
    assert result["silver_rows"] > 500
    assert (result["missing"], result["inversions"], result["doubled"]) == (0, 0, 0), chain.happened
    assert result["balanced"], (chain.happened, [h for h in result["hops"] if not h["balanced"]])


@pytest.mark.real
@pytest.mark.timeout(900)  # a guard against a hang, not a bound on speed
@pytest.mark.parametrize("chain", [11], indirect=True)
def test_killing_each_process_in_the_stream_loses_nothing(chain: Chain) -> None:
    """Spark too; then each notebook alone, with its own defaults and its own session, under nbmake."""
    chain.publish(KILLS, minutes=0.4)
    chain.drain()
    kill_spark_once(chain)
    books = [str(NOTEBOOKS / s.notebook) for s in STEPS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=300", "-p", "no:cacheprovider", *books],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(STEPS)} passed" in done.stdout
    proven(chain)


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("chain", range(100, 110), indirect=True)
def test_seeded_kills(chain: Chain) -> None:
    chain.publish(KILLS, minutes=0.5)
    chain.drain()
    kill_spark_once(chain)
    chain.notebooks()
    proven(chain)


def kill_spark_once(chain: Chain) -> None:
    """kill -9 of the Spark JVM while the job that the seed names writes; its notebook, no other, ends with a sentence."""
    notebook, table = list(WRITES.items())[chain.seed % len(WRITES)]
    folder, ended = settings().lakehouse_dir / "Tables" / table, threading.Event()
    assert not folder.exists()
    striker = threading.Thread(target=strike, args=(folder, ended))
    striker.start()
    try:
        with pytest.raises(Stop, match=f"notebook {notebook} "):
            chain.notebooks(list(WRITES))
    finally:
        ended.set()
        striker.join()
    chain.happened.append(f"spark in {notebook}, {len(commits(folder))} commits of {table}")


def strike(folder: Path, ended: threading.Event) -> None:
    """Kills the JVM as soon as a data file of the table is there that no commit names yet."""
    while not (folder.is_dir() and next(folder.rglob("part-*.parquet"), None) and not commits(folder)):
        if ended.wait(0.005):
            return
    for pid in pids("SparkSubmit"):
        with suppress(ProcessLookupError):  # the launcher may end with the JVM it started
            os.kill(pid, signal.SIGKILL)


def commits(folder: Path) -> list[Path]:
    return list((folder / "_delta_log").glob("0*.json"))
