"""Plant to Gold on real parts: nothing lost, doubled or reordered, whatever is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest
from chain import KILLS, Chain, pids

from acme_lib.errors import Stop
from acme_lib.pipeline import STEPS
from acme_lib.pipeline.local import NOTEBOOKS


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
    """kill -9 of the Spark JVM while Bronze or Silver is at work; the run must end with a sentence."""

    def strike() -> None:
        while not (found := pids("SparkSubmit")):
            time.sleep(0.2)
        time.sleep(6 + chain.seed % 7)
        for pid in found:
            with suppress(ProcessLookupError):  # the launcher may end with the JVM it started
                os.kill(pid, signal.SIGKILL)

    threading.Thread(target=strike, daemon=True).start()
    with pytest.raises(Stop, match="notebook"):
        chain.notebooks(["bronze_ingest", "silver_transform", "gold_aggregate"])
