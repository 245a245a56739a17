"""What the local log holds: first and next offset of each partition, and how far each consumer group has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["GroupStatus", "PartitionStatus", "Status", "read_status"]


@dataclass(frozen=True, slots=True)
class PartitionStatus:
    """Events begin <= offset < end are held; `end` is what the next event gets."""

    hub: str
    partition: int
    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """A consumer group of the contract on one hub. `committed` is None where it never committed: Spark keeps its own place."""

    group: str
    hub: str
    committed: int | None
    lag: int | None


@dataclass(frozen=True, slots=True)
class Status:
    partitions: list[PartitionStatus]
    groups: list[GroupStatus]


def read_status(settings: Settings) -> Status:
    """Raises Stop where Kafka does not answer."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import AdminClient

    address = f"127.0.0.1:{settings.eventhubs.kafka_port}"
    admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
    try:
        present = admin.list_topics(timeout=3).topics
        held = _partitions(admin, [h.name for h in contracts().bridge.hubs if h.name in present], present)
        return Status(held, _groups(address, held))
    except KafkaException as e:
        raise Stop(
            f"kafka at {address} does not answer; start it with `acme eventhubs serve`, or set eventhubs.kafka_port"
        ) from e


def _partitions(admin: Any, hubs: list[str], present: Any) -> list[PartitionStatus]:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import OffsetSpec

    places = [TopicPartition(hub, n) for hub in hubs for n in sorted(present[hub].partitions)]
    ends = []
    for spec in (OffsetSpec.earliest(), OffsetSpec.latest()):
        answers = admin.list_offsets(dict.fromkeys(places, spec), request_timeout=5)
        ends.append({(p.topic, p.partition): a.result(10).offset for p, a in answers.items()})
    return [PartitionStatus(p.topic, p.partition, *(end[p.topic, p.partition] for end in ends)) for p in places]


def _groups(address: str, held: list[PartitionStatus]) -> list[GroupStatus]:
    return [_group(address, group, hub.name, held) for hub in contracts().bridge.hubs for group in hub.consumer_groups]


def _group(address: str, group: str, hub: str, held: list[PartitionStatus]) -> GroupStatus:
    """By a consumer's `committed`: librdkafka's admin call for it crashes the process where the coordinator is not up yet."""
    from confluent_kafka import Consumer, KafkaException, TopicPartition

    mine = {p.partition: p for p in held if p.hub == hub}
    consumer = Consumer({"bootstrap.servers": address, "group.id": group, "enable.auto.commit": False})
    try:
        places = consumer.committed([TopicPartition(hub, n) for n in mine], timeout=10)
    except KafkaException:  # the coordinator does not answer yet
        return GroupStatus(group, hub, None, None)
    finally:
        consumer.close()
    at = {p.partition: p.offset for p in places if p.offset >= 0}
    if not at:
        return GroupStatus(group, hub, None, None)
    lag = sum(p.end - max(at.get(n, p.begin), p.begin) for n, p in mine.items())
    return GroupStatus(group, hub, sum(at.values()), lag)
