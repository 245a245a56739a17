"""Starting, stopping, status and drift of the real broker."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from acme_lib.broker import Broker, config, probe
from acme_lib.broker.status import read_status
from acme_lib.errors import Stop

pytestmark = pytest.mark.real
PERMISSIONS = f"{config.EXTENSION}/permissions.xml"


def acme(broker: Broker, *words: str) -> subprocess.CompletedProcess[str]:
    s = broker.settings
    env = {**os.environ, "ACME_HOME": str(s.home), "ACME_BROKER__PORT": str(s.broker.port)}
    return subprocess.run(
        [sys.executable, "-m", "acme_lib.cli", "broker", *words], env=env, capture_output=True, text=True
    )


def test_the_extension_logs_the_checksum_of_what_the_broker_read(broker):
    assert broker.logged_checksum() == config.checksum(config.on_disk(broker.home)) == config.checksum(broker.files)


def test_a_running_broker_on_today_s_configuration_is_healthy(broker):
    done = acme(broker, "status", "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["healthy"], facts["connack"], facts["drift"]) == (0, True, "Success", [])
    assert facts["pid"] == broker.process.pid


def test_a_hand_edit_is_found_and_status_is_unhealthy(broker):
    file = broker.home / PERMISSIONS
    before = file.read_text()
    file.write_text(before.replace('filter="acme/#" activity="publish"', 'filter="#" activity="all"'))
    try:
        done = acme(broker, "diff")
        assert done.returncode == 1
        assert '+        <allow filter="#" activity="all"/>' in done.stdout.splitlines()
        assert json.loads(acme(broker, "diff", "--json").stdout)["drift"] == [PERMISSIONS]
        assert acme(broker, "status").returncode == 1
    finally:
        file.write_text(before)
    assert acme(broker, "diff").stdout == "no drift\n"


def test_a_changed_contract_shows_as_drift_until_the_next_start(broker, monkeypatch):
    changed = {**broker.files, PERMISSIONS: broker.files[PERMISSIONS].replace("operator", "auditor")}
    monkeypatch.setattr(Broker, "files", property(lambda _self: changed))
    found = read_status(broker.settings)
    assert (found.healthy, found.drift, found.connack) == (False, [PERMISSIONS], "Success")


def test_a_second_broker_on_the_same_home_or_port_is_refused(broker):
    with pytest.raises(Stop, match="already runs on"):
        Broker(broker.settings).start()
    elsewhere = broker.settings.model_copy(update={"home": broker.settings.home / "other"})
    with pytest.raises(Stop, match=rf"port {broker.settings.broker.port} is taken.*ACME_BROKER__PORT"):
        Broker(elsewhere).start()


def test_an_extension_that_can_t_read_its_permissions_lets_nobody_in_and_the_next_start_recovers(broker, monkeypatch):
    """HiveMQ marks a failed extension DISABLED and would never load it again."""
    broker.stop()
    broken = {**broker.files, PERMISSIONS: '<permissions><principal identity="operator" role="none"/></permissions>'}
    with monkeypatch.context() as patch:
        patch.setattr(Broker, "files", property(lambda _self: broken))
        with pytest.raises(Stop, match="refuses operator"):
            broker.start()
    assert "no role none" in broker.log.read_text()
    assert (broker.home / config.EXTENSION / "DISABLED").exists()
    broker.start()
    assert probe.connack("127.0.0.1", broker.settings.broker.port) == "Success"


def test_stop_ends_it_by_id_and_says_so_when_there_is_none(broker):
    pid = broker.process.pid
    assert acme(broker, "stop").stdout == f"broker ended (process {pid})\n"
    done = acme(broker, "stop")
    assert (done.returncode, "no broker runs on" in done.stderr) == (1, True)
    assert acme(broker, "status").returncode == 1
    broker.start()
