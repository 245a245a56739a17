"""Children start ready, end with us, and say why they failed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.processes import Process, free_port

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def test_a_free_port_is_none_that_an_outgoing_connection_could_take_first() -> None:
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    assert all(1024 < free_port() < first_outgoing for _ in range(20))


def gone(pid: int, within_s: float = 5.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().split(") ")[1][0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.02)
    return False


def test_a_child_that_ends_at_start_gives_its_last_words(tmp_path: Path) -> None:
    child = Process("pump", [sys.executable, "-c", "raise SystemExit('no oil')"], tmp_path / "log", ready=lambda: False)
    with pytest.raises(Stop, match=r"pump ended at start \(exit 1\): no oil"):
        child.start()


def test_a_child_that_is_never_ready_is_ended(tmp_path: Path) -> None:
    child = Process("pump", SLEEP, tmp_path / "log", ready=lambda: False, ready_within_s=0.3)
    with pytest.raises(Stop, match="not ready within"):
        child.start()
    assert not child.alive()


def test_leaving_the_block_ends_the_child(tmp_path: Path) -> None:
    with Process("pump", SLEEP, tmp_path / "log") as child:
        pid = child.pid
        assert child.alive()
    assert pid is not None
    assert gone(pid)


def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    log = tmp_path / "log"
    child = Process("pump", [sys.executable, "-c", code], log, ready=lambda: "up" in log.read_text()).start()
    child.stop(within_s=0.3)
    assert not child.alive()


def test_a_killed_parent_takes_its_children_along(tmp_path: Path) -> None:
    code = f"""
from pathlib import Path
from acme_lib.processes import Process
import time
child = Process("pump", {SLEEP!r}, Path({str(tmp_path / "log")!r})).start()
print(child.pid, flush=True)
time.sleep(60)
"""
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    os.kill(parent.pid, 9)
    parent.wait()
    assert gone(pid)
