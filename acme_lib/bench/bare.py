"""The other side of the bridge's measurement: a fast publisher, and loops from broker to hub with no journal and no rules."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

import structlog

from acme_lib.settings import Settings, settings

__all__ = ["LOOPS", "WARM", "loop", "messages", "publish"]

Message = tuple[str, bytes]
Send = Callable[[int, Sequence[bytes]], None]
WARM = 1_000  # messages before the clock starts: connections are open and code is loaded
BATCH = 2_000  # events, as acme_lib.bridge.lane.BatchLimit
STEP = 500  # messages between two looks at how far the bridge is behind
AHEAD = 20_000  # messages: a publisher that outruns the broker would measure its queue, and how that is handed on

TOPICS = [f"acme/plant-a/press/line-{n % 4 + 1}/cell-1/pump-{n:03d}/vibration" for n in range(200)]


# wrong in one way each, at next to no cost and of about the same size: flag unknown, no JSON, field missing
WRONG: tuple[Callable[[bytes], bytes], ...] = (
    lambda body: body.replace(b'"GOOD"', b'"FINE"'),
    lambda body: body[:-1],
    lambda body: body.replace(b'"units":"mm/s",', b""),
)


def messages(count: int | None = None, bad_every: int = 0) -> Iterator[Message]:
    """Envelopes of about 330 bytes on 200 topics, each with its own identity; one in `bad_every` is malformed, 0 for none."""
    for n, (topic, body) in enumerate(valid(count)):
        bad = bad_every and n % bad_every == bad_every - 1
        yield topic, WRONG[n // bad_every % len(WRONG)](body) if bad else body


def valid(count: int | None) -> Iterator[Message]:
    from acme_lib.uns import message_id

    n, epoch = 0, f"{time.time_ns():x}"
    while count is None or n < count:
        topic, seq = TOPICS[n % 200], n // 200
        yield (
            topic,
            b'{"messageId":"%s","tsUtc":"2026-11-24T23:00:00.000Z","topic":"%s","value":%.3f,"quality":"GOOD","units":"mm/s","sourceSystem":"bench-plc",'
            b'"lineageVersion":"1.0.0","schemaVersion":"1.0.0","epoch":"%s","seq":%d}'
            % (message_id("bench-plc", topic, epoch, seq).encode(), topic.encode(), n * 0.37, epoch.encode(), seq),
        )
        n += 1


def publish(port: int, count: int, seconds: float, bad_every: int = 0) -> int:
    """Publishes `count` messages, or for `seconds` at the pace at which they are accepted; the number acknowledged."""
    from acme_lib.plant.message import Expectation, Outgoing
    from acme_lib.plant.publisher import Publisher

    expected, until, sent = Expectation("valid"), time.monotonic() + seconds, 0
    behind = None if count else queued()
    with Publisher("127.0.0.1", port, "plant-simulator", lambda *_: None) as publisher:
        for topic, body in messages(count or None, bad_every):
            publisher.send(Outgoing(0, topic, body, expected))
            sent += 1
            if behind and sent % STEP == 0:
                while behind(sent) > AHEAD and time.monotonic() < until:
                    time.sleep(0.002)
                if time.monotonic() > until:
                    break
        publisher.drain()
    return sent


def queued() -> Callable[[int], int]:
    """How many of those sent since now the bridge has not accepted yet."""
    from acme_lib.bridge import assemble

    found = settings()
    before = assemble.status(found).accepted
    return lambda sent: sent - (assemble.status(found).accepted - before)


def loop(count: int, kind: str) -> float:
    """Moves `count` messages from broker to hub and nothing else; CPU us a message. `kind` is one of LOOPS."""
    from acme_lib.contracts import contracts
    from acme_lib.eventhubs import partition_for

    reader, documented = READERS[LOOPS[kind].reader], LOOPS[kind].documented
    hub, found = contracts().bridge.hub, settings()
    send, partitions = _documented_sender(hub, found) if documented else _our_sender(hub, found)
    taken, waiting = 0, [[] for _ in range(partitions)]  # type: tuple[int, list[list[bytes]]]
    on_way: dict[int, Future[None]] = {}
    poll = reader(found.broker.port)
    print("ready", flush=True)
    begun, first = 0.0, 0
    with ThreadPoolExecutor(partitions) as pool:
        while taken < WARM + count or any(waiting):
            for topic, payload in poll():
                taken += 1
                waiting[partition_for(topic, partitions)].append(payload)
            for n, bodies in enumerate(waiting):
                if bodies and (n not in on_way or on_way[n].done()):
                    on_way[n] = pool.submit(send, n, bodies[:BATCH])  # what waits, as the bridge does it
                    del bodies[:BATCH]
            if not first and taken >= WARM:
                begun, first = time.process_time(), taken
    for future in on_way.values():
        future.result()
    return (time.process_time() - begun) / (taken - first) * 1e6


def paho_reader(port: int) -> Callable[[], list[Message]]:
    """paho as it comes: its own loop, a callback a message, its own PUBACK."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    got: list[Message] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bench-bare", protocol=mqtt.MQTTv5)
    client.username_pw_set("operator")
    client.on_message = lambda _, __, m: got.append((m.topic, bytes(m.payload)))
    client.on_socket_open = lambda _, __, sock: cast(socket.socket, sock).setsockopt(
        socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
    )
    client.connect("127.0.0.1", port)
    client.subscribe("acme/#", qos=1)
    for _ in range(10):
        client.loop(0.1)

    def poll() -> list[Message]:
        client.loop(0.05)
        taken = got[:]
        got.clear()
        return taken

    return poll


def stream_reader(port: int) -> Callable[[], list[Message]]:
    """The bridge's reader: many packets a system call; acknowledged at once, since there is nothing to wait for."""
    from acme_lib.bridge import subscriber as session
    from acme_lib.bridge.subscriber import Account, Subscriber

    session.SESSION_EXPIRY_S = 0  # or the broker would keep messages for it after its end
    subscriber = Subscriber(Account("127.0.0.1", port, f"bench-{time.time_ns():x}", "operator"), ["acme/#"])
    while not subscriber.connected:
        subscriber.poll(0.1, 1)

    def poll() -> list[Message]:
        batch = subscriber.poll(0.05, 2_000)
        if batch is None:
            return []
        batch.ack()
        return [(p.topic, p.payload) for p in batch.publishes]

    return poll


def _our_sender(hub: str, found: Settings) -> tuple[Send, int]:
    """The bridge's sender: the SDK's client a partition, batches of encoded sections."""
    from acme_lib.eventhubs import connect

    sender = connect(hub, found)
    return sender.send, sender.partition_count


def _documented_sender(hub: str, found: Settings) -> tuple[Send, int]:
    """The SDK as its documentation has it: create_batch, EventData, send_batch; a client a partition."""
    from azure.eventhub import EventData

    from acme_lib.eventhubs.access import hub_access
    from acme_lib.eventhubs.client import open_client

    access = hub_access(hub, found)
    first = open_client(hub, access, 30.0)
    count = len(first.get_partition_ids())
    clients = [first, *(open_client(hub, access, 30.0) for _ in range(count - 1))]

    def send(partition: int, bodies: Sequence[bytes]) -> None:
        client = clients[partition]
        batch = client.create_batch(partition_id=str(partition))
        for body in bodies:
            batch.add(EventData(body))
        client.send_batch(batch)

    return send, count


@dataclass(frozen=True)
class Loop:
    """A baseline: which reader, whether the SDK is used as documented, and what it is in words."""

    reader: str
    documented: bool
    words: str


READERS = {"paho": paho_reader, "stream": stream_reader}
LOOPS = {
    "textbook": Loop("paho", True, "paho's loop and callback, EventData of the SDK"),
    "bare": Loop("paho", False, "paho's loop and callback, the bridge's own batches"),
    "leanest": Loop("stream", False, "the bridge's own reader and batches, nothing between"),
}


def main(words: list[str]) -> None:
    if words[0] == "publish":
        print(publish(int(words[1]), int(words[2]), float(words[3]), int(words[4])))
    else:
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # stdout is the measurer's
        print(loop(int(words[1]), words[2]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
