"""Event Hubs on one machine: Apache Kafka holds the log, an AMQP door of ours stands before it."""

from __future__ import annotations

import sys

from acme_lib.errors import Stop
from acme_lib.eventhubs.local.control import ask, door_answers
from acme_lib.eventhubs.local.kafka import kafka_process, make_hubs
from acme_lib.processes import Process, port_taken
from acme_lib.settings import Settings

__all__ = ["LocalEventHubs", "ask"]


class LocalEventHubs:
    """Both processes. `.kafka` and `.door` may be killed and started again one by one."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._kafka: Process | None = None
        self.door = Process(
            "eventhubs door",
            [sys.executable, "-m", "acme_lib.eventhubs.local.door"],
            settings.folder("eventhubs") / "door.log",
            env=_environment(settings),
            ready=lambda: door_answers(settings),
            ready_within_s=30,
        )

    @property
    def kafka(self) -> Process:
        if self._kafka is None:
            self._kafka = kafka_process(self.settings)
        return self._kafka

    def start(self) -> LocalEventHubs:
        """Returns when the hubs take events. Raises Stop: a port is taken, a jar or Java is missing, a process ended."""
        found = self.settings.eventhubs
        for name, port in (("kafka", found.kafka_port), ("amqp", found.amqp_port), ("control", found.control_port)):
            if port_taken(port):
                raise Stop(f"port {port} is taken; end what listens there or set eventhubs.{name}_port")
        try:
            self.kafka.start()
            make_hubs(self.settings)
            self.door.start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """The door first: what it acknowledged is in Kafka."""
        self.door.stop()
        if self._kafka is not None:
            self._kafka.stop(20)

    def fault(self, name: str, amount: float = 1) -> None:
        """Orders a fault of the running door (see local/faults.py). Raises WrongUse, Stop."""
        ask(self.settings, f"fault {name} {amount:g}")

    def __enter__(self) -> LocalEventHubs:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def _environment(settings: Settings) -> dict[str, str]:
    """The settings the door must share, whatever file they came from."""
    section = settings.eventhubs.model_dump(mode="json")
    values = {f"ACME_EVENTHUBS__{key.upper()}": str(value) for key, value in section.items()}
    return {"ACME_HOME": str(settings.home.resolve()), "ACME_JARS": str(settings.jars_dir), **values}
