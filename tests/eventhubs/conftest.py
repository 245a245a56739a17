"""One local namespace for all tests of the room that need a real one, and a way to read back what it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from acme_lib.eventhubs.local import LocalEventHubs
from acme_lib.processes import free_port
from acme_lib.settings import Settings, load

ReadBack = Callable[..., list[bytes]]


def hub_settings(home: Path, **eventhubs: object) -> Settings:
    ports = {"kafka_port": free_port(), "amqp_port": free_port(), "control_port": free_port()}
    return load(home=home, jars=Path(os.environ["ACME_JARS"]), eventhubs={**ports, **eventhubs})


@pytest.fixture(scope="session")
def hubs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEventHubs]:
    """Kafka and the door with TLS, on free ports."""
    with LocalEventHubs(hub_settings(tmp_path_factory.mktemp("eventhubs"))) as running:
        yield running


def end_offset(settings: Settings, hub: str, partition: int) -> int:
    from acme_lib.eventhubs.status import read_status

    return next(p.end for p in read_status(settings).partitions if (p.hub, p.partition) == (hub, partition))


def read_back(settings: Settings, hub: str, partition: int, start: int = 0) -> list[tuple[bytes | None, bytes]]:
    """(key, body) of every event from offset `start`, by an independent Kafka consumer."""
    from confluent_kafka import Consumer, TopicPartition

    end, found = end_offset(settings, hub, partition), []
    options = {"bootstrap.servers": f"127.0.0.1:{settings.eventhubs.kafka_port}", "group.id": "monitoring"}
    consumer = Consumer({**options, "enable.auto.commit": False, "fetch.message.max.bytes": 4 << 20})
    try:
        consumer.assign([TopicPartition(hub, partition, start)])
        while len(found) < end - start:
            batch = consumer.consume(min(5000, end - start - len(found)), 10)
            assert batch, f"{len(found)} of {end - start} events came back"
            found += [(m.key(), m.value()) for m in batch]
    finally:
        consumer.close()
    return found
