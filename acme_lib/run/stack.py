"""The plant's side and the hub on one machine: Event Hubs' stand-in, broker and bridge, started in order and ended in reverse."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from acme_lib.bridge import ready
from acme_lib.errors import Stop
from acme_lib.processes import Process
from acme_lib.settings import Settings

__all__ = ["Stack", "acme", "bridge_status"]


def acme(*args: str) -> list[str]:
    """The command line of an `acme` subcommand in this interpreter."""
    return [sys.executable, "-m", "acme_lib.cli", *args]


def bridge_status() -> dict[str, Any]:
    """The bridge's ledger, as `acme bridge status --json` gives it."""
    done = subprocess.run(acme("bridge", "status", "--json"), capture_output=True, text=True, timeout=60, check=False)
    if not done.stdout.strip():
        raise Stop(f"acme bridge status gave no answer: {done.stderr.strip()[-300:]}")
    return dict(json.loads(done.stdout))


class Stack:
    """Event Hubs, broker and bridge of this machine. Use as a context manager; leaving it ends every process."""

    def __init__(self, found: Settings, say: Callable[[str], None] = lambda text: None) -> None:
        self.settings, self.say = found, say
        self._running = ExitStack()

    def __enter__(self) -> Stack:
        from acme_lib.broker import Broker
        from acme_lib.eventhubs.local import LocalEventHubs

        try:
            self.say("Event Hubs: Apache Kafka and the AMQP door")
            self.hubs = self._enter(LocalEventHubs(self.settings))
            self.say("broker: HiveMQ CE")
            self.broker = self._enter(Broker(self.settings))
            self.say("bridge: ingest and egress")
            log = self.settings.folder("logs") / "bridge.log"
            self.bridge = self._enter(Process("bridge", acme("bridge", "run"), log, ready=lambda: ready(self.settings)))
        except BaseException:
            self._running.close()
            raise
        return self

    def _enter(self, part: Any) -> Any:
        self._running.callback(part.stop)  # before the start: Ctrl-C may come while it waits to be ready
        part.start()
        return part

    def drain(
        self, published: int, *, within_s: float = 300.0, on_status: Callable[[dict[str, Any]], None] = lambda s: None
    ) -> dict[str, Any]:
        """Waits until the bridge has taken `published` messages and delivered all of them; its last status."""
        deadline = time.monotonic() + within_s
        while True:
            status = bridge_status()
            on_status(status)
            if status["accepted"] >= published and status["buffered"] + status["dead_letters_buffered"] == 0:
                return status
            if time.monotonic() > deadline:
                raise Stop(
                    f"the bridge did not drain within {within_s:.0f} s: accepted {status['accepted']} of {published}, "
                    f"buffered {status['buffered']}; see {self.settings.folder('logs') / 'bridge.log'}"
                )
            if not self.bridge.alive():
                raise Stop(f"the bridge ended: {self.bridge.tail()}; run again, nothing it acknowledged is lost")
            time.sleep(0.5)

    def __exit__(self, *_: object) -> None:
        self._running.close()
