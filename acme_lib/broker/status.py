"""How the broker of this home folder is: running, reachable, on the configuration of today. Also ends it by its id."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass

from acme_lib.broker import config, probe
from acme_lib.broker.run import Broker
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["BrokerStatus", "read_status", "stop_running"]

GRACE_S = 10.0


@dataclass(frozen=True)
class BrokerStatus:
    """`connack`: the broker's answer to a client, None where there is none. Checksums are of the configuration files."""

    address: str
    persistence: str
    pid: int | None
    connack: str | None
    checksum_started: str | None
    checksum_template: str
    drift: list[str]

    @property
    def healthy(self) -> bool:
        current = self.checksum_started == self.checksum_template and not self.drift
        return self.connack == probe.ACCEPTED and current

    def facts(self) -> dict[str, object]:
        return {"healthy": self.healthy, **vars(self)}


def read_status(settings: Settings) -> BrokerStatus:
    """Asks the broker as a client would, and compares its files with the templates."""
    broker, s = Broker(settings), settings.broker
    files = broker.files
    return BrokerStatus(
        address=f"{s.host}:{s.port}",
        persistence=s.persistence,
        pid=broker.running_pid,
        connack=probe.connack(s.host, s.port, broker.tls),
        checksum_started=broker.logged_checksum(),
        checksum_template=config.checksum(files),
        drift=config.drifted(broker.home, files),
    )


def stop_running(settings: Settings) -> int:
    """Ends the broker of this home folder and returns its id. Raises Stop where none runs."""
    broker = Broker(settings)
    pid = broker.running_pid
    if pid is None:
        raise Stop(f"no broker runs on {broker.home}; start one with acme broker start")
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_S
    while broker.running_pid == pid and time.monotonic() < deadline:
        time.sleep(0.1)
    if broker.running_pid == pid:
        os.kill(pid, signal.SIGKILL)
    broker.pid_file.unlink(missing_ok=True)
    return pid
