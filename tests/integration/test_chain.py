"""Plant to Gold on real parts: nothing lost, doubled or reordered, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
from chain import KILLS, Chain, own_home, pids

from acme_lib.errors import Stop
from acme_lib.run.stack import acme

ROOT = Path(__file__).resolve().parents[2]


def proven(chain: Chain) -> None:
    result = chain.result()
    assert result["silver_rows"] > 500
    assert (result["missing"], result["inversions"], result["doubled"]) == (0, 0, 0), chain.happened
    assert result["balanced"], (chain.happened, [h for h in result["hops"] if not h["balanced"]])


@pytest.mark.real
@pytest.mark.timeout(600)
@pytest.mark.parametrize("chain", [11], indirect=True)
def test_killing_each_process_in_the_stream_loses_nothing(chain: Chain) -> None:
    chain.publish(KILLS, minutes=0.4)
    chain.drain()
    kill_spark_once(chain)
    chain.notebooks()
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
            os.kill(pid, signal.SIGKILL)

    threading.Thread(target=strike, daemon=True).start()
    with pytest.raises(Stop, match="notebook"):
        chain.notebooks(["bronze_ingest", "silver_transform", "gold_aggregate"])


@pytest.mark.real
@pytest.mark.timeout(600)
def test_the_main_job_is_balanced_and_leaves_its_report(tmp_path: Path) -> None:
    env = {**os.environ, **own_home(tmp_path / "home")}
    done = subprocess.run(
        acme("run", "--minutes", "0.15", "--json"), env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout.strip().splitlines()[-1])
    assert summary["balanced"]
    assert summary["published"] == summary["accepted"] > 500
    latest = tmp_path / "home" / "runs" / "latest"
    assert json.loads((latest / "summary.json").read_text())["run_id"] == summary["run_id"]
    page = (latest / "report.html").read_text()
    assert "Nothing lost, doubled or reordered." in page
    assert 'src="http' not in page  # opens offline


@pytest.mark.real
@pytest.mark.timeout(300)
def test_ctrl_c_ends_every_process_and_the_next_run_goes_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    env = {**os.environ, **own_home(home)}
    run = subprocess.Popen(  # SIGINT as a terminal gives it, also where the tests run in the background
        acme("run", "--minutes", "0.3"), env=env, cwd=ROOT, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while not list((home / "published").rglob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.2)
    ours = pids(str(home)) + pids("bridge")
    run.send_signal(signal.SIGINT)
    assert run.wait(60) == 130
    time.sleep(0.5)
    assert not [
        p
        for p in ours
        if Path(f"/proc/{p}").exists() and "Z" not in Path(f"/proc/{p}/stat").read_text().split(") ")[1][:1]
    ]
    assert (home / "runs" / "unfinished").exists()
    again = subprocess.run(
        acme("run", "--minutes", "0.1", "--json"), env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert again.returncode == 0, again.stderr[-2000:]
    assert json.loads(again.stdout.strip().splitlines()[-1])["balanced"]
