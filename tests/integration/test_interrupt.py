"""Ctrl-C in the main job: every process ends, the next run goes on and balances."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from chain import own_home, pids

from acme_lib.run.stack import acme

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Interrupted:
    """A main job ended by Ctrl-C while the plant publishes, and the next one in the same home."""

    home: Path
    exit_code: int
    left: list[int]  # processes that outlived it
    unfinished: bool
    again: subprocess.CompletedProcess[str]

    def summary(self) -> dict[str, Any]:
        assert self.again.returncode == 0, self.again.stderr[-2000:]
        return dict(json.loads(self.again.stdout.strip().splitlines()[-1]))


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    home = tmp_path_factory.mktemp("main-job") / "home"
    env = {**os.environ, **own_home(home)}
    run = subprocess.Popen(  # SIGINT as a terminal gives it, also where the tests run in the background
        acme("run", "--minutes", "0.3"), env=env, cwd=ROOT, stderr=subprocess.DEVNULL,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    deadline = time.monotonic() + 180  # a guard against a hang
    while not list((home / "published").rglob("*.parquet")) and time.monotonic() < deadline:
        time.sleep(0.2)
    ours = pids(str(home)) + pids("bridge")
    run.send_signal(signal.SIGINT)
    code = run.wait(120)
    time.sleep(0.5)
    left, unfinished = [p for p in ours if runs(p)], (home / "runs" / "unfinished").exists()
    again = subprocess.run(
        acme("run", "--minutes", "0.1", "--json"), env=env, capture_output=True, text=True, check=False, cwd=ROOT
    )
    return Interrupted(home, code, left, unfinished, again)


def runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and not stat.read_text().split(") ")[1].startswith("Z")


@pytest.mark.real
@pytest.mark.timeout(900)  # a guard against a hang
def test_ctrl_c_ends_every_process_and_the_next_run_goes_on(interrupted: Interrupted) -> None:
    assert (interrupted.exit_code, interrupted.left, interrupted.unfinished) == (130, [], True)
    summary = interrupted.summary()
    assert summary["balanced"]
    # what was in flight at Ctrl-C may be accepted though its acknowledgement was never logged
    assert summary["accepted"] >= summary["published"] > 500
    assert len(list((interrupted.home / "published").iterdir())) == 2  # both runs' messages are proven together


@pytest.mark.real
@pytest.mark.timeout(900)  # a guard against a hang
def test_the_main_job_leaves_its_report(interrupted: Interrupted) -> None:
    latest = interrupted.home / "runs" / "latest"
    assert json.loads((latest / "summary.json").read_text())["run_id"] == interrupted.summary()["run_id"]
    page = (latest / "report.html").read_text()
    assert "Nothing lost, doubled or reordered." in page
    assert 'src="http' not in page  # opens offline
