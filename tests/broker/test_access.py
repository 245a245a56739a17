"""Who may connect to the real broker, and what each role may do there."""

from __future__ import annotations

import shutil
from functools import partial

import pytest

from acme_lib.broker import Broker, config
from acme_lib.contracts import contracts
from acme_lib.toolchain import javac
from tests.broker.conftest import DENIED, TEMPERATURE, broker_settings, publish_refused, subscribe_refused

pytestmark = pytest.mark.real
PREDICTION = "acme/dallas/drying/line-1/cell-a/dryer-01/rul_prediction"
PERMISSIONS = f"{config.EXTENSION}/permissions.xml"


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


FORBIDDEN_PUBLISHES = [
    ("bridge-1", TEMPERATURE),  # reads only
    ("operator", TEMPERATURE),
    ("edge-1", TEMPERATURE),  # may publish predictions, no telemetry
    ("plant-simulator", "other/topic"),  # outside the UNS
    ("plant-simulator", "acmex/dallas"),
]
FORBIDDEN_SUBSCRIPTIONS = [
    ("plant-simulator", "acme/#"),
    ("bridge-1", "#"),
    ("operator", "$SYS/#"),
    ("bridge-1", "$share/g/acme/#"),
]


@pytest.mark.parametrize(("identity", "topic"), FORBIDDEN_PUBLISHES)
def test_publishing_outside_the_role_is_denied(connect, identity, topic):
    assert publish_refused(connect, identity, topic)


def test_the_edge_publishes_predictions_and_the_admin_everywhere_in_the_uns(connect):
    assert connect("edge-1").publish(PREDICTION) in ("Success", "No matching subscribers")
    assert not publish_refused(connect, "admin", TEMPERATURE)
    assert publish_refused(connect, "admin", "other/topic")


@pytest.mark.parametrize(("identity", "topic"), FORBIDDEN_SUBSCRIPTIONS)
def test_subscribing_outside_the_role_is_denied(connect, identity, topic):
    assert subscribe_refused(connect, identity, topic)


def test_the_roles_of_the_backlog_are_declared():
    assert {"publisher-equipment", "subscriber-analytics", "admin"} <= {r.name for r in contracts().roles.roles}


# ---- the checks above can fail: on a broker that lets more through, each of them says so
ACCESS = "broker/java/access/com/acme/broker/access/AccessAuthenticator.java"


@pytest.fixture
def mutant(tmp_path, monkeypatch):
    """mutant(change) -> a running broker whose access extension's source or rules were changed."""
    started: list[Broker] = []

    def start(java=None, rules=None) -> Broker:
        if java:
            shutil.copytree(javac.PACKAGE / "broker/java", tmp_path / "broker/java")
            source = tmp_path / ACCESS
            assert java[0] in source.read_text()
            source.write_text(source.read_text().replace(*java))
            monkeypatch.setattr(javac, "PACKAGE", tmp_path)
        broker = Broker(broker_settings(tmp_path / "home"))
        if rules:
            files = broker.files
            assert rules[0] in files[PERMISSIONS]
            files[PERMISSIONS] = files[PERMISSIONS].replace(*rules)
            monkeypatch.setattr(Broker, "files", property(lambda _self: files))
        started.append(broker)
        return broker.start()

    yield start
    for broker in started:
        broker.stop()


def test_an_extension_that_allows_by_default_is_found(connect, mutant):
    broker = mutant(java=("DefaultAuthorizationBehaviour.DENY", "DefaultAuthorizationBehaviour.ALLOW"))
    to_it = partial(connect, to=broker)
    assert not any(publish_refused(to_it, *case) for case in FORBIDDEN_PUBLISHES if case[1] == TEMPERATURE)
    assert not subscribe_refused(to_it, "plant-simulator", "acme/#")
    assert not subscribe_refused(to_it, "bridge-1", "#")


def test_a_role_with_a_grant_too_many_is_found(connect, mutant):
    grant = '<role name="bridge">\n        <allow filter="acme/#" activity="subscribe"/>'
    broker = mutant(rules=(grant, grant.replace('"subscribe"', '"all"')))
    to_it = partial(connect, to=broker)
    assert not publish_refused(to_it, "bridge-1", TEMPERATURE)
    assert publish_refused(to_it, "operator", TEMPERATURE)  # the others are as they were
