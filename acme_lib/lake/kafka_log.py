"""What a hub's log holds now, and what of it went before it was read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acme_lib.errors import Stop
from acme_lib.lake.marks import Marks, key

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["lost_ranges", "ranges"]

TIMEOUT_MS = "15000"


def ranges(spark: SparkSession, hub: str, options: dict[str, str]) -> dict[int, tuple[int, int]]:
    """First offset and next offset of every partition, asked through the session's own Kafka client. Raises Stop."""
    jvm: Any = spark._jvm  # the client that Spark's source uses, with the source's own options
    properties = jvm.java.util.HashMap()
    for name, value in options.items():
        if name.startswith("kafka."):
            properties.put(name.removeprefix("kafka."), value)
    properties.put("default.api.timeout.ms", TIMEOUT_MS)
    bytes_of = jvm.org.apache.kafka.common.serialization.ByteArrayDeserializer
    try:
        consumer = jvm.org.apache.kafka.clients.consumer.KafkaConsumer(properties, bytes_of(), bytes_of())
        try:
            parts = jvm.java.util.ArrayList()
            for info in consumer.partitionsFor(hub):
                parts.add(jvm.org.apache.kafka.common.TopicPartition(hub, info.partition()))
            first, end = consumer.beginningOffsets(parts), consumer.endOffsets(parts)
            return {part.partition(): (int(first[part]), int(end[part])) for part in parts}
        finally:
            consumer.close()
    except Exception as e:
        where = options.get("kafka.bootstrap.servers", "")
        cause = str(getattr(e, "java_exception", e)).splitlines()[0][:200]
        raise Stop(
            f"hub {hub} at {where} can't be read ({cause}); start it (acme eventhubs serve) or correct eventhubs in acme.toml"
        ) from None


def lost_ranges(hub: str, marks: Marks, log: dict[int, tuple[int, int]]) -> list[str]:
    """What the log no longer holds though the table never read it, and logs that end before the table's mark."""
    found = []
    for partition, (first, end) in sorted(log.items()):
        mark = marks.get(key(hub, partition))
        if mark is None:
            continue
        if first > mark + 1:
            found.append(f"partition {partition} offsets {mark + 1} to {first - 1} went by retention")
        if end <= mark:
            found.append(
                f"partition {partition} ends at {end - 1} but was read to {mark}: the hub was made anew, give it another name"
            )
    return found
