"""Ctrl-C in the main job, whatever it is doing, or a part that dies: every process ends, the next run goes on and balances."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from chain import own_home

from acme_lib.run.stack import acme

ROOT = Path(__file__).resolve().parents[2]
NO_LONGER_S = 1.0  # what was told to end may need a moment to be gone


@dataclass(frozen=True)
class Interrupted:
    """A main job ended by Ctrl-C while the plant publishes, and the next one in the same home."""

    home: Path
    ended: Ended
    unfinished: bool
    again: subprocess.CompletedProcess[str]

    def summary(self) -> dict[str, Any]:
        assert self.again.returncode == 0, self.again.stderr[-2000:]
        return dict(json.loads(self.again.stdout.strip().splitlines()[-1]))


@dataclass(frozen=True)
class Ended:
    """How a run ended after Ctrl-C. `beside`: what ran in other process groups than its own when it came; `left`: what outlived it."""

    exit_code: int
    beside: list[str]
    left: list[str]
    said: str


def of_home(home: Path) -> list[psutil.Process]:
    """Every process that was told of `home`, whoever is its parent by now."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("ACME_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:  # ended while we looked, or not ours
            continue
    return found


def words(processes: list[psutil.Process]) -> list[str]:
    found = []
    for process in processes:
        try:
            found.append(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def ctrl_c(run: subprocess.Popen[bytes], home: Path) -> None:
    """SIGINT to the run's process group, as a terminal sends it."""
    os.killpg(run.pid, signal.SIGINT)


def kill_bridge(run: subprocess.Popen[bytes], home: Path) -> None:
    for process in of_home(home):
        if "bridge run" in " ".join(process.cmdline()):
            process.kill()


def interrupted_when(
    env: dict[str, str], due: Callable[[str], bool], by: Callable[[subprocess.Popen[bytes], Path], None] = ctrl_c
) -> Ended:
    """Starts the main job and does `by` once `due` (told what it said) holds."""
    home, said = Path(env["ACME_HOME"]), Path(env["ACME_HOME"]).with_suffix(".said")
    with said.open("wb") as out:
        run = subprocess.Popen(  # SIGINT as a terminal gives it, also where the tests run in the background
            acme("run", "--minutes", "0.3"), env={**os.environ, **env}, cwd=ROOT, stderr=out, process_group=0,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
    deadline = time.monotonic() + 240  # a guard against a hang
    while not due(said.read_text()):
        assert run.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.02)
    beside = words([p for p in of_home(home) if os.getpgid(p.pid) != run.pid])
    by(run, home)
    code = run.wait(120)
    time.sleep(NO_LONGER_S)
    return Ended(code, beside, words(of_home(home)), said.read_text())


def publishing(home: Path) -> Callable[[str], bool]:
    return lambda said: any((home / "published").rglob("*.parquet"))


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return own_home(tmp_path / "home")


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Interrupted:
    home = tmp_path_factory.mktemp("main-job") / "home"
    env = own_home(home)
    ended = interrupted_when(env, publishing(home))
    unfinished = (home / "runs" / "unfinished").exists()
    again = subprocess.run(
        acme("run", "--minutes", "0.1", "--json"), env={**os.environ, **env}, capture_output=True, text=True, check=False,
        cwd=ROOT,
    )  # fmt: skip
    return Interrupted(home, ended, unfinished, again)


@pytest.mark.real
@pytest.mark.timeout(900)  # a guard against a hang
def test_ctrl_c_ends_every_process_and_the_next_run_goes_on(interrupted: Interrupted) -> None:
    assert (interrupted.ended.exit_code, interrupted.ended.left, interrupted.unfinished) == (130, [], True)
    assert any("bridge ingest" in line for line in interrupted.ended.beside)
    summary = interrupted.summary()
    assert summary["balanced"]
    # what was in flight at Ctrl-C may be accepted though its acknowledgement was never logged
    assert summary["accepted"] >= summary["published"] > 500
    assert len(list((interrupted.home / "published").iterdir())) == 2  # both runs' messages are proven together
    assert not (interrupted.home / "runs" / "unfinished").exists()  # so the one after it starts clean


@pytest.mark.real
@pytest.mark.timeout(900)  # a guard against a hang
def test_the_main_job_leaves_its_report(interrupted: Interrupted) -> None:
    latest = interrupted.home / "runs" / "latest"
    assert json.loads((latest / "summary.json").read_text())["run_id"] == interrupted.summary()["run_id"]
    page = (latest / "report.html").read_text()
    assert "Nothing lost, doubled or reordered." in page
    assert 'src="http' not in page  # opens offline


def running(home: Path, what: str) -> bool:
    return any(what in line for line in words(of_home(home)))


@pytest.mark.drill
@pytest.mark.timeout(600)  # a guard against a hang
@pytest.mark.parametrize("what", ["kafka.Kafka", "com.acme.broker.launcher.Launcher"])
def test_ctrl_c_while_a_server_starts_ends_it(env: dict[str, str], what: str) -> None:
    """At its first sign of life, seconds before it is ready."""
    ended = interrupted_when(env, lambda said: running(Path(env["ACME_HOME"]), what))
    assert (ended.exit_code, ended.left) == (130, [])
    assert any(what in line for line in ended.beside)
    assert "bridge" not in ended.said.split("interrupted;")[0]
    assert "every process has ended" in ended.said


@pytest.mark.drill
@pytest.mark.timeout(600)  # a guard against a hang
def test_ctrl_c_while_a_notebook_runs_ends_kernel_and_spark_too(env: dict[str, str]) -> None:
    ended = interrupted_when(env, lambda said: "notebook silver_transform" in said)
    assert (ended.exit_code, ended.left) == (130, [])
    for what in ("ipykernel", "SparkSubmit"):  # in groups of their own: the terminal's signal never reached them
        assert any(what in line for line in ended.beside), ended.beside


@pytest.mark.drill
@pytest.mark.timeout(600)  # a guard against a hang
def test_a_bridge_that_dies_stands_on_top_of_the_report(env: dict[str, str]) -> None:
    home = Path(env["ACME_HOME"])
    ended = interrupted_when(env, publishing(home), by=kill_bridge)
    assert (ended.exit_code, ended.left) == (1, [])
    latest = home / "runs" / "latest"
    summary, page = json.loads((latest / "summary.json").read_text()), (latest / "report.html").read_text()
    assert (summary["balanced"], summary["failed"]["stage"], summary["failed"]["untold"]) == (False, "drain", {})
    assert summary["failed"]["message"].startswith("the bridge ended")
    assert summary["failed"]["message"][:15] in ended.said  # the one sentence, as before
    assert summary["published"] > summary["accepted"] > 0  # from the files that the bridge left
    assert page.index("Failed in drain.") < page.index('id="ledger"')
