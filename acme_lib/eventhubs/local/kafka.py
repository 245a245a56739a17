"""Apache Kafka on this machine: one node in KRaft mode, its properties, its storage, its topics from the bridge contract."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from acme_lib.contracts import Hub, contracts
from acme_lib.errors import Stop
from acme_lib.processes import Process, free_port
from acme_lib.settings import Settings

__all__ = ["bootstrap", "hub_properties", "kafka_process", "make_hubs", "metadata", "server_properties"]

HEAP = "512m"
# One node acknowledges when the record is in the page cache: it survives kill -9 of Kafka, and a power cut but for the
# last second (log.flush.interval.ms). docs/ingestion/event-hubs.md says what a fsync per write costs.
_FIXED = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "group.initial.rebalance.delay.ms": "0",
    "message.max.bytes": "2097152",
    "replica.fetch.max.bytes": "2097152",
    "log.segment.bytes": "134217728",
    "log.flush.interval.ms": "1000",
    "log.flush.scheduler.interval.ms": "500",
    "log.retention.check.interval.ms": "300000",
    "num.network.threads": "2",
    "num.io.threads": "2",
    "num.recovery.threads.per.data.dir": "1",
    "log.cleaner.dedupe.buffer.size": "8388608",
    "controlled.shutdown.enable": "true",
}
_LOG4J = """\
Configuration:
  Properties: {Property: [{name: layout, value: "%d %p %c: %m%n"}]}
  Appenders: {Console: {name: out, PatternLayout: {pattern: "${layout}"}}}
  Loggers: {Root: {level: WARN, AppenderRef: [{ref: out}]}}
"""


def bootstrap(settings: Settings) -> str:
    return f"127.0.0.1:{settings.eventhubs.kafka_port}"


def hub_properties(hub: Hub) -> dict[str, str]:
    return {
        "retention.ms": str(hub.retention_h * 3_600_000),
        "cleanup.policy": "delete",
        "message.timestamp.type": "LogAppendTime",
    }


def server_properties(settings: Settings, controller_port: int) -> str:
    """server.properties, loopback only."""
    listeners = {
        "listeners": f"PLAINTEXT://{bootstrap(settings)},CONTROLLER://127.0.0.1:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{bootstrap(settings)}",
        "controller.quorum.voters": f"1@127.0.0.1:{controller_port}",
        "log.dirs": str(settings.folder("kafka") / "data"),
    }
    return "".join(f"{key}={value}\n" for key, value in sorted({**_FIXED, **listeners}.items()))


def _java(settings: Settings, main: str, *args: str) -> list[str]:
    from acme_lib.toolchain import class_path, find_java, shared_classes

    home = settings.folder("kafka")
    options = [
        f"-Xmx{HEAP}",
        "-Xms128m",
        "-XX:+UseG1GC",
        "-Djava.awt.headless=true",
        f"-Dlog4j2.configurationFile={home / 'log4j2.yaml'}",
    ]
    java, path = find_java(), class_path(settings, "kafka")
    return [java.exe, *shared_classes(settings, java, main, path), *options, "-cp", path, main, *args]


def _format(settings: Settings, properties: Path) -> None:
    """Gives the storage its identity, once."""
    argv = _java(
        settings,
        "kafka.tools.StorageTool",
        "format",
        "-t",
        "YWNtZS1sb2NhbC1odWJzLQ",
        "-c",
        str(properties),
        "--ignore-formatted",
    )
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise Stop(
            f"Kafka's storage in {properties.parent} could not be formatted: {(done.stdout + done.stderr).strip()[-300:]}"
        )


def kafka_process(settings: Settings) -> Process:
    """Kafka, ready to start; its storage is formatted where it is new."""
    home = settings.folder("kafka")
    properties = home / "server.properties"
    properties.write_text(server_properties(settings, free_port()))
    (home / "log4j2.yaml").write_text(_LOG4J)
    if not (home / "data" / "meta.properties").exists():
        _format(settings, properties)
    argv = _java(settings, "kafka.Kafka", str(properties))
    return Process("kafka", argv, home / "kafka.log", ready=lambda: metadata(settings) is not None, ready_within_s=90)


def _admin(settings: Settings) -> Any:
    from confluent_kafka.admin import AdminClient

    return AdminClient(
        {"bootstrap.servers": bootstrap(settings), "log_level": 0, "socket.connection.setup.timeout.ms": 1500}
    )


def metadata(settings: Settings, timeout_s: float = 1.0) -> dict[str, int] | None:
    """Topic -> partitions, or None while Kafka does not answer: an open port is not readiness."""
    from confluent_kafka import KafkaException

    try:
        found = _admin(settings).list_topics(timeout=timeout_s)
    except KafkaException:
        return None
    return {name: len(topic.partitions) for name, topic in found.topics.items()} if found.brokers else None


def make_hubs(settings: Settings) -> None:
    """The hubs of the bridge contract as topics. Raises Stop where Kafka refuses, or holds a hub with other partitions."""
    from confluent_kafka import KafkaException
    from confluent_kafka.admin import NewTopic

    present = metadata(settings, 10.0) or {}
    hubs = contracts().bridge.hubs
    new = [
        NewTopic(h.name, num_partitions=h.partitions, replication_factor=1, config=hub_properties(h))
        for h in hubs
        if h.name not in present
    ]
    admin = _admin(settings)  # held: a client that is collected takes its requests with it
    try:
        for made in admin.create_topics(new).values() if new else ():
            made.result(30)
    except KafkaException as e:
        raise Stop(f"Kafka could not make the hubs: {e}; see {settings.folder('kafka') / 'kafka.log'}") from e
    for hub in hubs:
        if present.get(hub.name, hub.partitions) != hub.partitions:
            raise Stop(
                f"hub {hub.name} has {present[hub.name]} partitions here, the contract says {hub.partitions}; delete {settings.folder('kafka')} or correct contracts/bridge.yaml"
            )
