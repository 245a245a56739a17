"""`acme eventhubs serve` as an operator runs it: what ends is started again, SIGTERM ends both."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import psutil
import pytest

from acme_lib.eventhubs import connect
from acme_lib.eventhubs.local.control import door_answers
from acme_lib.eventhubs.local.kafka import metadata
from tests.eventhubs.conftest import hub_settings, read_back

pytestmark = [pytest.mark.real, pytest.mark.timeout(200)]


def until(true: Callable[[], object], what: str, within_s: float = 60.0) -> None:
    deadline = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < deadline, f"{what} did not come within {within_s} s"
        time.sleep(0.2)


def child(of: int, mark: str) -> psutil.Process | None:
    for process in psutil.Process(of).children(recursive=True):
        with suppress(psutil.Error):  # one that has just ended has no command line
            if mark in " ".join(process.cmdline()):
                return process
    return None


def test_a_dead_door_and_a_dead_kafka_are_started_again_and_nothing_acknowledged_is_lost(tmp_path):
    settings = hub_settings(tmp_path)
    ports = {
        f"ACME_EVENTHUBS__{n.upper()}": str(getattr(settings.eventhubs, n))
        for n in ("kafka_port", "amqp_port", "control_port")
    }
    env = {
        **os.environ,
        **ports,
        "ACME_HOME": str(tmp_path),
        "ACME_JARS": str(settings.jars_dir),
        "PYTHONUNBUFFERED": "1",
    }
    log = tmp_path / "serve.log"
    with log.open("wb") as out:
        serve = subprocess.Popen(
            [sys.executable, "-m", "acme_lib.cli", "eventhubs", "serve"], stdout=out, stderr=out, env=env
        )
    try:
        until(lambda: "open: " in log.read_text(), "the start")
        send(settings, b"before")
        for mark, back in (
            ("eventhubs.local.door", lambda: door_answers(settings)),
            ("kafka.Kafka", lambda: metadata(settings) is not None),
        ):
            gone = child(serve.pid, mark)
            assert gone is not None
            gone.kill()
            until(lambda gone=gone, mark=mark: (p := child(serve.pid, mark)) is not None and p.pid != gone.pid, mark)
            until(back, f"{mark} answering")
            send(settings, mark.encode())
        assert log.read_text().count("ended; starting it again") == 2
        bodies = [body for _, body in read_back(settings, "telemetry", 0)]
        assert list(dict.fromkeys(bodies)) == [b"before", b"eventhubs.local.door", b"kafka.Kafka"]
        serve.terminate()
        assert serve.wait(40) == 0
        assert "ended; what was acknowledged is kept" in log.read_text()
        assert not door_answers(settings)
    finally:
        serve.kill()
        serve.wait()


def send(settings, body: bytes) -> None:
    """Until it is acknowledged: Kafka may take seconds to come back."""
    from acme_lib.errors import Retry

    sender = connect("telemetry", settings)
    deadline = time.monotonic() + 60
    while True:
        try:
            sender.send(0, [body])
            break
        except Retry:
            assert time.monotonic() < deadline
            time.sleep(0.5)
    sender.close()
