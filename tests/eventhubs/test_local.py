"""The parts of the local namespace that need no service: Kafka's properties, addresses, faults, the command's errors."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from acme_lib.contracts import contracts
from acme_lib.errors import Stop, WrongUse
from acme_lib.eventhubs.local import LocalEventHubs
from acme_lib.eventhubs.local.control import ask, door_answers
from acme_lib.eventhubs.local.door import Door
from acme_lib.eventhubs.local.faults import COUNTED, Faults
from acme_lib.eventhubs.local.hub import Address, Namespace, address
from acme_lib.eventhubs.local.kafka import hub_properties, server_properties
from acme_lib.eventhubs.status import read_status
from tests.eventhubs.conftest import hub_settings


def test_kafka_listens_on_loopback_only_and_makes_no_topic_by_itself(tmp_path):
    settings = hub_settings(tmp_path, kafka_port=19092)
    lines = dict(line.split("=", 1) for line in server_properties(settings, 19093).splitlines())
    assert lines["listeners"] == "PLAINTEXT://127.0.0.1:19092,CONTROLLER://127.0.0.1:19093"
    assert lines["auto.create.topics.enable"] == "false"
    assert lines["log.flush.interval.ms"] == "1000"
    assert lines["log.dirs"].startswith(str(tmp_path))


def test_a_hubs_retention_is_the_contracts():
    for hub in contracts().bridge.hubs:
        assert hub_properties(hub)["retention.ms"] == str(hub.retention_h * 3_600_000)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("telemetry", Address("telemetry")),
        ("amqps://localhost/telemetry/Partitions/3", Address("telemetry", "3")),
        ("telemetry/partitions/x", Address("telemetry", "x")),
        ("sb://localhost:5671/$cbs", Address("$cbs")),
        ("telemetry/$management", Address("$management")),
        ("a/b/c", Address("a/b/c")),
        ("", Address("")),
    ],
)
def test_addresses_lead_to_hubs_and_partitions(text, place):
    assert address(text) == place


def test_a_fault_strikes_as_often_as_ordered():
    faults = Faults()
    faults.order("busy", 2)
    assert [faults.take("busy") for _ in range(3)] == [True, True, False]
    faults.order("slow", 20)
    assert faults.slow_ms == 20
    with pytest.raises(WrongUse, match=r"no fault 'nope'; one of busy, .*outage"):
        faults.order("nope", 1)


@pytest.fixture
def door(tmp_path) -> Door:
    return Door(hub_settings(tmp_path), Namespace(log=None, faults=Faults(), gate=None), None)  # type: ignore[arg-type]


def test_the_control_port_takes_one_command_a_line(door):
    async def talk(*lines: str) -> list[str]:
        server = await asyncio.start_server(door.control, "127.0.0.1", door.settings.eventhubs.control_port)
        async with server:
            asked = [await asyncio.to_thread(_asked, door, line) for line in lines]
            assert await asyncio.to_thread(door_answers, door.settings)
        return asked

    answers = asyncio.run(talk("fault busy 2", "stats", "fault nope", "fault slow x", "dance"))
    assert answers[0] == "{'ok': True}"
    assert "'faults': {'busy': 2}" in answers[1]
    assert "no fault 'nope'" in answers[2]
    assert "could not convert" in answers[3]
    assert "one of: ping, stats" in answers[4]
    assert set(COUNTED) == {"busy", "drop", "lostack", "hang", "detach", "auth"}


def _asked(door: Door, line: str) -> str:
    try:
        return str(ask(door.settings, line))
    except WrongUse as e:
        return str(e)


def test_a_taken_port_is_one_sentence(tmp_path):
    import socket

    settings = hub_settings(tmp_path)
    with socket.create_server(("127.0.0.1", settings.eventhubs.amqp_port)):
        with pytest.raises(Stop, match=r"port \d+ is taken; end what listens there or set eventhubs.amqp_port"):
            LocalEventHubs(settings).start()


def test_nothing_that_answers_says_what_to_start(tmp_path):
    settings = hub_settings(tmp_path)
    with pytest.raises(Stop, match="acme eventhubs serve"):
        read_status(settings)
    with pytest.raises(Stop, match="acme eventhubs serve"):
        ask(settings, "ping")
    assert not door_answers(settings)


def test_each_command_opens_its_help_with_an_example():
    from acme_lib.eventhubs.cli import app

    for command in ("serve", "status", "fault"):
        said = CliRunner().invoke(app, [command, "--help"], env={"TERM": "dumb"}).output
        assert f"Example: acme eventhubs {command}" in said
