"""The other side of the bridge's measurement: a fast publisher, and a bare paho-to-SDK loop with no journal and no rules."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

__all__ = ["loop", "messages", "publish"]

TOPICS = [f"acme/plant-a/press/line-{n % 4 + 1}/cell-1/pump-{n:03d}/vibration" for n in range(200)]


def messages(count: int | None = None) -> Iterator[tuple[str, bytes]]:
    """Valid envelopes of about 330 bytes on 200 topics, each with its own identity."""
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


def publish(port: int, count: int, seconds: float) -> int:
    """Publishes `count` messages, or as many as go in `seconds`; the number acknowledged."""
    from acme_lib.plant.message import Expectation, Outgoing
    from acme_lib.plant.publisher import Publisher

    expected, until, sent = Expectation("valid"), time.monotonic() + seconds, 0
    with Publisher("127.0.0.1", port, "plant-simulator", lambda *_: None) as publisher:
        for topic, body in messages(count or None):
            publisher.send(Outgoing(0, topic, body, expected))
            sent += 1
            if not count and sent % 256 == 0 and time.monotonic() > until:
                break
        publisher.drain()
    return sent


def loop(count: int) -> float:
    """paho's own loop, automatic PUBACK, one list a partition, the SDK's own batches; CPU us a message."""
    import paho.mqtt.client as mqtt
    from paho.mqtt.enums import CallbackAPIVersion

    from acme_lib.contracts import contracts
    from acme_lib.eventhubs import partition_for
    from acme_lib.settings import settings

    hub = contracts().bridge.hub
    producer = _producer(hub)
    partitions = len(producer.get_partition_ids())
    waiting: list[list[bytes]] = [[] for _ in range(partitions)]
    taken = 0

    def on_message(client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        nonlocal taken
        taken += 1
        waiting[partition_for(message.topic, partitions)].append(bytes(message.payload))

    client = mqtt.Client(CallbackAPIVersion.VERSION2, "bench-bare", protocol=mqtt.MQTTv5)
    client.username_pw_set("operator")
    client.on_message = on_message
    client.connect("127.0.0.1", settings().broker.port)
    client.subscribe("acme/#", qos=1)
    until = time.monotonic() + 1.0
    while time.monotonic() < until:
        client.loop(0.1)
    print("ready", flush=True)
    start = time.process_time()
    while taken < count or any(waiting):
        client.loop(0.05)
        for partition, bodies in enumerate(waiting):
            if len(bodies) >= 500 or (bodies and taken >= count):
                _send(producer, partition, bodies)
                bodies.clear()
    return (time.process_time() - start) / count * 1e6


def _producer(hub: str) -> Any:
    from azure.eventhub import EventHubProducerClient, TransportType

    from acme_lib.eventhubs.access import hub_access
    from acme_lib.settings import settings

    access = hub_access(hub, settings())
    options: dict[str, Any] = {"transport_type": TransportType.Amqp, "use_tls": access.tls}
    if access.endpoint:
        options |= {"custom_endpoint_address": access.endpoint, "connection_verify": str(access.ca)}
    return EventHubProducerClient.from_connection_string(access.credential(), eventhub_name=hub, **options)


def _send(producer: Any, partition: int, bodies: list[bytes]) -> None:
    from azure.eventhub import EventData

    batch = producer.create_batch(partition_id=str(partition))
    for body in bodies:
        batch.add(EventData(body))
    producer.send_batch(batch)


def main(words: list[str]) -> None:
    if words[0] == "publish":
        print(publish(int(words[1]), int(words[2]), float(words[3])))
    else:
        print(loop(int(words[1])), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
