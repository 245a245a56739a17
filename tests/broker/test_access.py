"""Who may connect to the real broker, and what each role may do there."""

from __future__ import annotations

import pytest

from acme_lib.contracts import contracts

pytestmark = pytest.mark.real
TEMPERATURE = "acme/dallas/drying/line-1/cell-a/dryer-01/temperature"
PREDICTION = "acme/dallas/drying/line-1/cell-a/dryer-01/rul_prediction"
DENIED = "Not authorized"


def test_a_publisher_s_message_reaches_the_bridge(connect):
    bridge, plant = connect("bridge-1"), connect("plant-simulator")
    assert bridge.subscribe("acme/#") == "Granted QoS 1"
    assert plant.publish(TEMPERATURE, b'{"value": 1}') == "Success"
    bridge.until(lambda: bridge.received, "the message")
    assert bridge.received == [(TEMPERATURE, b'{"value": 1}')]


@pytest.mark.parametrize("identity", [p.identity for p in contracts().roles.principals])
def test_every_declared_identity_may_connect(connect, identity):
    assert connect(identity).connack == ["Success"]


@pytest.mark.parametrize("identity", ["stranger", "", "bridge-1 ", "BRIDGE-1", None])
def test_an_unknown_identity_is_refused(connect, identity):
    assert connect(identity, name="stranger").connack[0] == DENIED


def test_the_broker_says_whom_it_refused(broker, connect):
    connect("mallory", name="mallory-1")
    assert "refused client mallory-1: unknown identity mallory" in broker.log.read_text()


@pytest.mark.parametrize(
    ("identity", "topic"),
    [
        ("bridge-1", TEMPERATURE),  # reads only
        ("operator", TEMPERATURE),
        ("edge-1", TEMPERATURE),  # may publish predictions, no telemetry
        ("plant-simulator", "other/topic"),  # outside the UNS
        ("plant-simulator", "acmex/dallas"),
    ],
)
def test_publishing_outside_the_role_is_denied(connect, identity, topic):
    watcher = connect("operator", name="watcher")
    watcher.subscribe("acme/#")
    client = connect(identity)
    # the broker answers 0x87 and closes the connection: either is a refusal, and nothing arrives
    client.mqtt.publish(topic, b"forged", 1)
    client.until(lambda: DENIED in client.pubacks.values() or len(client.connack) > 1, "a refusal")
    assert (topic, b"forged") not in watcher.received


def test_the_edge_publishes_predictions(connect):
    assert connect("edge-1").publish(PREDICTION) in ("Success", "No matching subscribers")


@pytest.mark.parametrize(
    ("identity", "topic"),
    [("plant-simulator", "acme/#"), ("bridge-1", "#"), ("operator", "$SYS/#"), ("bridge-1", "$share/g/acme/#")],
)
def test_subscribing_outside_the_role_is_denied(connect, identity, topic):
    client = connect(identity)
    client.mqtt.subscribe(topic, 1)
    client.until(lambda: client.subacks or len(client.connack) > 1, "a refusal")
    assert "Granted QoS 1" not in client.subacks
