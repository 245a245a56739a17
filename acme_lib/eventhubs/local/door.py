"""The AMQP door as a process: `python -m acme_lib.eventhubs.local.door`. LocalEventHubs starts it and gives it its settings."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
import sys
import time

import structlog

from acme_lib.contracts import contracts
from acme_lib.errors import AcmeError, Stop, WrongUse
from acme_lib.eventhubs.local.assignments import make_assignments, read_assignments
from acme_lib.eventhubs.local.connection import Connection
from acme_lib.eventhubs.local.faults import Faults
from acme_lib.eventhubs.local.gate import Gate
from acme_lib.eventhubs.local.hub import Namespace
from acme_lib.eventhubs.local.keys import RULE, make_keys, shared_key, signing_key
from acme_lib.eventhubs.local.log import KafkaLog
from acme_lib.eventhubs.local.tls import server_context
from acme_lib.settings import Settings, settings

__all__ = ["Door", "main"]

HOST = "127.0.0.1"


class Door:
    """The listener and its control port."""

    def __init__(self, found: Settings, namespace: Namespace, tls: ssl.SSLContext | None) -> None:
        self.settings, self.namespace, self.tls = found, namespace, tls
        self._listener: asyncio.Server | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    async def listen(self) -> None:
        """Raises Stop where the port is taken."""
        loop, port = asyncio.get_running_loop(), self.settings.eventhubs.amqp_port
        try:
            self._listener = await loop.create_server(lambda: Connection(self.namespace), HOST, port, ssl=self.tls)
        except OSError as e:
            raise Stop(f"port {port} is taken; end what listens there or set eventhubs.amqp_port") from e

    async def outage(self, seconds: float) -> None:
        """No listener and no connection for a while, as when the line is cut."""
        if self._listener:
            self._listener.close()
        for connection in list(self.namespace.connections):
            connection.transport.abort()
        await asyncio.sleep(seconds)
        await self.listen()

    async def control(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One command a line, one JSON object back: ping | stats | fault NAME [AMOUNT]."""
        while line := await reader.readline():
            try:
                reply = self._command(line.decode().split())
            except (WrongUse, ValueError) as e:
                reply = {"error": str(e)}
            writer.write(json.dumps(reply).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _command(self, words: list[str]) -> dict[str, object]:
        match words:
            case ["ping"]:
                return {"ok": True}
            case ["stats"]:
                space = self.namespace
                return {
                    **space.counts,
                    "open": len(space.connections),
                    "faults": +space.faults.pending,
                    "slow_ms": space.faults.slow_ms,
                }
            case ["fault", "outage", seconds]:
                task = asyncio.get_running_loop().create_task(self.outage(float(seconds)))
                self._waiting.add(task)
                task.add_done_callback(self._waiting.discard)
            case ["fault", name, *amount]:
                self.namespace.faults.order(name, float(amount[0]) if amount else 1)
            case _:
                raise WrongUse("one of: ping, stats, fault NAME [AMOUNT]")
        return {"ok": True}


def gate(found: Settings) -> Gate:
    """Judges by the keys and assignments of this ACME_HOME, made where absent."""
    make_keys(found)
    make_assignments(found)
    return Gate({RULE: shared_key(found)}, signing_key(found).public_key(), lambda: read_assignments(found))


async def serve(found: Settings) -> None:
    """Until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    hubs = {hub.name: hub.partitions for hub in contracts().bridge.hubs}
    log = KafkaLog(f"{HOST}:{found.eventhubs.kafka_port}", hubs, loop)
    namespace = Namespace(log, Faults(), gate(found), opened_ms=int(time.time() * 1000))
    door = Door(found, namespace, server_context(found) if found.eventhubs.tls else None)
    await door.listen()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        await asyncio.start_server(door.control, HOST, found.eventhubs.control_port)
    except OSError as e:
        raise Stop(f"port {found.eventhubs.control_port} is taken; set eventhubs.control_port") from e
    structlog.get_logger().info("door open", port=found.eventhubs.amqp_port, tls=door.tls is not None, hubs=hubs)
    await ended.wait()
    log.close()


def main() -> None:
    import uvloop

    try:
        uvloop.run(serve(settings()))
    except AcmeError as e:
        print(e, file=sys.stderr)
        raise SystemExit(2 if isinstance(e, WrongUse) else 1) from None


if __name__ == "__main__":
    main()
