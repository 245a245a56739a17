"""One HiveMQ CE on this machine: home folder rendered, started, awaited until a client may connect, ended by its id."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from acme_lib import runtime
from acme_lib.broker import config, launch, probe
from acme_lib.errors import Stop
from acme_lib.processes import Process, port_taken
from acme_lib.settings import Settings
from acme_lib.toolchain import compiled

__all__ = ["Broker"]

START_WITHIN_S = 60.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
LOG_BYTES = 10_000_000


class Broker:
    """HiveMQ CE with the configuration of these settings. A context manager; `process` is the running child."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.home = (settings.home / "broker").resolve()
        self.log = self.home / "log" / "broker.log"
        self.pid_file = self.home / "broker.pid"
        self.process: Process | None = None

    @property
    def files(self) -> dict[str, str]:
        """The configuration as the templates and contracts of today give it."""
        s = self.settings
        return config.rendered(s.environment, s.broker.host, s.broker.port, s.broker.persistence)

    @property
    def tls(self) -> Path | None:
        """Folder of keystore, truststore and the probe's certificate, where connections are TLS."""
        return self.home / "tls" if "<tls>" in self.files["conf/config.xml"] else None

    @property
    def running_pid(self) -> int | None:
        """The id of the process that serves this home, None where there is none. A number reused by another is not ours."""
        try:
            pid = int(self.pid_file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except (OSError, ValueError):
            return None
        return pid if launch.MAIN in command and str(self.home) in command else None

    def start(self) -> Broker:
        """Returns once a client can connect. Raises Stop naming what to change."""
        self._refuse_bad_start()
        self.render()
        self._rotate_log()
        argv = launch.argv(self.settings, self.home)
        self.process = Process(
            "broker", argv, self.log, env=self._secrets(), ready=self._ready, ready_within_s=START_WITHIN_S
        )
        self.process.start()
        self.pid_file.write_text(str(self.process.pid))
        return self

    def stop(self) -> None:
        """SIGTERM; the broker may outlive it by seconds, more where it leaves its classes, so SIGKILL after twenty."""
        if self.process is not None:
            self.process.stop(20)
            self.pid_file.unlink(missing_ok=True)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        if self.process is not None:
            self.process.kill()

    def render(self) -> None:
        """Writes the home folder: configuration, access extension; and lifts the mark a failed start left on it."""
        for path, text in self.files.items():
            (self.home / path).parent.mkdir(parents=True, exist_ok=True)
            (self.home / path).write_text(text)
        (self.home / config.EXTENSION / "DISABLED").unlink(missing_ok=True)
        shutil.copyfile(compiled(self.settings, "broker-access"), self.home / config.EXTENSION / "acme-access.jar")
        (self.home / "data").mkdir(exist_ok=True)

    def logged_checksum(self) -> str | None:
        """The configuration checksum the extension logged at the last start."""
        try:
            found = re.findall(r"configuration checksum ([0-9a-f]{64})", self.log.read_text(errors="replace"))
        except OSError:
            return None
        return found[-1] if found else None

    def _refuse_bad_start(self) -> None:
        broker = self.settings.broker
        if self.running_pid:
            raise Stop(f"a broker already runs on {self.home} (process {self.running_pid}); acme broker stop ends it")
        if self.tls is None and broker.host not in LOOPBACK:
            raise Stop(
                f"broker.host {broker.host}: without certificates a user name alone would let anyone on the network in; "
                "set broker.host to 127.0.0.1, or environment to one with certificates (contracts/environments.yaml)"
            )
        if port_taken(broker.port, probe.reachable(broker.host)):
            raise Stop(
                f"port {broker.port} is taken, so the broker can't listen there; "
                "set broker.port in acme.toml (or ACME_BROKER__PORT), or end the program that holds it"
            )

    def _ready(self) -> bool:
        reason = probe.connack(self.settings.broker.host, self.settings.broker.port, self.tls)
        if reason not in (None, probe.ACCEPTED):
            self.kill()
            raise Stop(
                f"the broker refuses {probe.PROBE_IDENTITY} ({reason}): its access extension did not start; see {self.log}"
            )
        return reason is not None

    def _secrets(self) -> dict[str, str]:
        """What the placeholders in config.xml stand for; handed over in the environment, never written."""
        if self.tls is None:
            return {}
        return {
            "ACME_BROKER_KEYSTORE": str(self.tls / "keystore.p12"),
            "ACME_BROKER_TRUSTSTORE": str(self.tls / "truststore.p12"),
            "ACME_SECRET_BROKER_KEYSTORE_PASSWORD": runtime.secret("broker-keystore-password"),
            "ACME_SECRET_BROKER_TRUSTSTORE_PASSWORD": runtime.secret("broker-truststore-password"),
        }

    def _rotate_log(self) -> None:
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            os.replace(self.log, self.log.with_suffix(".1.log"))

    def __enter__(self) -> Broker:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
