"""The publisher against HiveMQ itself: killed and restarted in the middle, and refusing what the roles don't grant."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from acme_lib.broker import Broker
from acme_lib.errors import Stop
from acme_lib.plant import Pace, publish, read_publish_log
from acme_lib.plant.simulation import Config, simulate
from acme_lib.processes import free_port
from acme_lib.settings import load

pytestmark = pytest.mark.real
CONFIG = Config(1_764_000_000_000, minutes=60, seed=5)


def test_broker_killed_mid_stream_everything_is_acknowledged_and_logged_once(tmp_path: Path) -> None:
    settings = load(home=tmp_path / "home", broker={"port": free_port()})
    broker = Broker(settings).start()
    with ThreadPoolExecutor(
        1
    ) as pool:  # the broker is restarted by this thread: it would end with the one that started it
        try:
            job = pool.submit(publish, simulate(CONFIG), settings.broker, tmp_path / "log", pace=Pace(rate=6000))
            time.sleep(1.0)
            broker.kill()
            broker.start()
            found = job.result(timeout=90)
        finally:
            broker.stop()
    expected = list(simulate(CONFIG))
    assert found.published == len(expected)
    assert found.reconnects >= 1
    log = read_publish_log(tmp_path / "log")
    assert log["n"].to_pylist() == list(range(len(expected)))
    assert log["message_id"].to_pylist() == [m.expectation.message_id for m in expected]


def test_roles_decide_who_publishes(tmp_path: Path) -> None:
    settings = load(home=tmp_path / "home", broker={"port": free_port()})
    with Broker(settings):
        with pytest.raises(Stop, match=r"denied 'operator' publishing on acme/.*0x87"):
            publish(simulate(CONFIG), settings.broker, identity="operator")
        with pytest.raises(Stop, match="refuses identity 'nobody'"):
            publish(simulate(CONFIG), settings.broker, identity="nobody")
