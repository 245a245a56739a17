"""Where dead letters are read from: the hub, by the consumer group dlq-processing, or the lakehouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from acme_lib.errors import Retry, Stop
from acme_lib.settings import Settings

__all__ = ["from_hub", "from_lakehouse"]

GROUP = "dlq-processing"


def from_hub(hub: str, settings: Settings, most: int, within_s: float = 20.0) -> Iterator[bytes]:
    """The newest `most` bodies of the hub, at most; nothing is committed, so triage takes nothing from anyone.

    Raises Retry where the hub does not answer, Stop where the settings name a real namespace (read its lakehouse instead).
    """
    from confluent_kafka import Consumer, KafkaException

    if settings.eventhubs.namespace:
        raise Stop("dlq triage reads a real namespace through the lakehouse: acme dlq triage --lakehouse PATH")
    consumer = Consumer(
        {
            "bootstrap.servers": f"127.0.0.1:{settings.eventhubs.kafka_port}",
            "group.id": GROUP,
            "enable.auto.commit": False,
            "log_level": 0,
        }
    )
    try:
        yield from _newest(consumer, hub, most, within_s)
    except KafkaException as e:
        raise Retry(
            f"hub {hub} does not answer on port {settings.eventhubs.kafka_port}: start `acme eventhubs serve` ({e})"
        ) from e
    finally:
        consumer.close()


def _newest(consumer: Any, hub: str, most: int, within_s: float) -> Iterator[bytes]:
    from confluent_kafka import TopicPartition

    partitions = consumer.list_topics(hub, timeout=10).topics[hub].partitions
    each = max(1, most // max(1, len(partitions)))
    ends, starts = {}, []
    for p in partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(hub, p), timeout=10)
        if high > low:
            ends[p] = high
            starts.append(TopicPartition(hub, p, max(low, high - each)))
    if not starts:
        return
    consumer.assign(starts)
    until = time.monotonic() + within_s
    while ends and time.monotonic() < until:
        for message in consumer.consume(500, timeout=0.5):
            if message.error() is not None:
                continue
            yield message.value() or b""
            if message.offset() + 1 >= ends.get(message.partition(), 0):
                ends.pop(message.partition(), None)


def from_lakehouse(root: Path, most: int) -> Iterator[bytes]:
    """The newest bodies of bronze_dead_letters, read without Spark. Raises Stop where there is no such table."""
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    path = root / "Tables" / "bronze_dead_letters"
    try:
        table = DeltaTable(str(path)).to_pyarrow_table(columns=["enqueued_utc", "body"])
    except (TableNotFoundError, OSError) as e:
        raise Stop(f"no table {path}: name a lakehouse folder that holds Tables/bronze_dead_letters") from e
    for body in table.sort_by([("enqueued_utc", "descending")]).slice(0, most).column("body").to_pylist():
        yield body or b""
