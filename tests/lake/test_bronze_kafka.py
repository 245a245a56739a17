"""Bronze from a real log: restarted, without its checkpoint, with a corrupt one, and after the hub's retention passed it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acme_lib.errors import Stop
from acme_lib.lake import bronze
from acme_lib.processes import free_port
from tests.lake.raw_rows import NOW, body, stored

pytestmark = [pytest.mark.real, pytest.mark.spark]


@pytest.fixture
def kafka(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A Kafka of its own with the hubs made; its address."""
    from acme_lib.eventhubs.local.kafka import kafka_process, make_hubs
    from acme_lib.settings import settings

    port = free_port()
    monkeypatch.setenv("ACME_EVENTHUBS__KAFKA_PORT", str(port))
    for hub, group in bronze.GROUPS.items():  # one JVM keeps its consumers by group and partition, not by address
        monkeypatch.setitem(bronze.GROUPS, hub, f"{group}-{port}")
    settings.cache_clear()
    with kafka_process(settings()):
        make_hubs(settings())
        yield f"127.0.0.1:{port}"


def publish(address: str, hub: str, bodies: list[bytes], partition: int = 0) -> None:
    from confluent_kafka import Producer

    producer = Producer({"bootstrap.servers": address})
    for one in bodies:
        producer.produce(hub, one, partition=partition)
    assert producer.flush(20) == 0


def expire(address: str, hub: str, before: int, partition: int = 0) -> None:
    from confluent_kafka import TopicPartition
    from confluent_kafka.admin import AdminClient

    admin = AdminClient({"bootstrap.servers": address})
    for done in admin.delete_records([TopicPartition(hub, partition, before)]).values():
        done.result(20)


def ingest(lake: Any, **over: Any) -> Any:
    return bronze.run(bronze.Config(run_id="k", **over), lake, NOW)


def offsets(lake: Any) -> list[tuple[int, int]]:
    rows = lake.read("bronze_events").select("source_partition", "source_offset").collect()
    return sorted((r[0], r[1]) for r in rows)


def test_each_offset_once_whatever_happens_to_the_checkpoint(kafka: str, lake: Any, home: Path) -> None:
    publish(kafka, "telemetry", [body(i) for i in range(50)])
    publish(kafka, "telemetry", [body(i) for i in range(3)], partition=3)
    publish(kafka, "telemetry-dlq", [b"{}"])
    first = ingest(lake, max_offsets_per_trigger=20)
    assert (first.rows_out, first.counters["bronze_dead_letters"]) == (54, 1)
    assert [(a["rule"], a["closed_utc"]) for a in stored(lake, "ops_alerts")] == [("dead_letters_seen", None)]
    publish(kafka, "telemetry", [body(i) for i in range(50, 60)])
    checkpoint = home / "checkpoints" / "bronze_events"
    shutil.rmtree(checkpoint)
    assert ingest(lake).counters["bronze_events"] == 10
    assert [a["closed_utc"] for a in stored(lake, "ops_alerts")] == [NOW]
    assert offsets(lake) == [(0, i) for i in range(60)] + [(3, i) for i in range(3)]

    for part in ("0", ".0.crc"):  # as after kill -9 between the table's commit and the checkpoint's
        (checkpoint / "commits" / part).unlink()
    assert ingest(lake).rows_out == 0
    assert offsets(lake) == [(0, i) for i in range(60)] + [(3, i) for i in range(3)]

    newest = max((checkpoint / "offsets").glob("[0-9]*"), key=lambda p: int(p.name))
    newest.write_bytes(b"")
    with pytest.raises(Stop, match="acme lake rebuild-checkpoint bronze_events"):
        ingest(lake)
    shutil.rmtree(checkpoint)

    publish(kafka, "telemetry", [body(i) for i in range(60, 80)])
    expire(kafka, "telemetry", 70)
    with pytest.raises(Stop, match="partition 0 offsets 60 to 69 went by retention"):
        ingest(lake)
    assert ingest(lake, accept_lost=True).counters["bronze_events"] == 10
    assert offsets(lake)[50:70] == [(0, i) for i in range(50, 60)] + [(0, i) for i in range(70, 80)]


def test_a_continuous_stream_writes_one_file_a_trigger_and_each_offset_once(kafka: str, lake: Any, home: Path) -> None:
    for partition in range(4):
        publish(kafka, "telemetry", [body(i) for i in range(20)], partition=partition)
    ingest(lake)  # the first batch has no marks to go on from
    before = len(lake.read("bronze_events").inputFiles())
    for partition in range(4):
        publish(kafka, "telemetry", [body(i) for i in range(20, 30)], partition=partition)
    ingest(lake, trigger="continuous", processing_time_s=0.5, for_s=20)
    assert offsets(lake) == [(p, i) for p in range(4) for i in range(30)]
    assert len(lake.read("bronze_events").inputFiles()) == before + 1


def test_a_hub_that_is_not_there_is_named(home: Path, lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from acme_lib.lake import kafka_log
    from acme_lib.settings import settings

    monkeypatch.setattr(kafka_log, "TIMEOUT_MS", "1500")
    monkeypatch.setenv("ACME_EVENTHUBS__KAFKA_PORT", str(free_port()))
    settings.cache_clear()
    with pytest.raises(Stop, match=r"hub telemetry at 127\.0\.0\.1:\d+ can't be read"):
        ingest(lake)
