"""The publisher where identities are certificates: the one of its principal is shown, by configuration alone."""

from __future__ import annotations

import json
import shutil
import ssl
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from acme_lib import cli
from acme_lib.broker import Broker
from acme_lib.errors import Stop
from acme_lib.identity import Certificate, principal
from acme_lib.plant import Expectation, Outgoing, publish, wire
from acme_lib.plant.connection import Connection
from acme_lib.plant.proof import Proof, proof
from acme_lib.settings import BrokerSettings, load, settings
from tests.broker import test_certificates as certificates

BrokerMaker = Callable[..., Any]  # conftest.SmallBroker
tls_broker = certificates.broker  # HiveMQ's TLS listener in the environment dev


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Certificates of one authority, and some that are not."""
    authority = certificates.issue("Acme test authority")
    ca = certificates.pem(tmp_path, "authority.pem", authority).read_bytes()
    (tmp_path / "ca.pem").write_bytes(ca[: ca.index(b"-----BEGIN PRIVATE")])
    for name in ("broker", "plant-simulator"):
        certificates.pem(tmp_path, f"{name}.pem", certificates.issue(name, authority))
    certificates.pem(tmp_path, "expired.pem", certificates.issue("plant-simulator", authority, timedelta(minutes=-1)))
    certificates.pem(tmp_path, "self-made.pem", certificates.issue("plant-simulator"))
    return tmp_path


@pytest.fixture
def tls(folder: Path) -> ssl.SSLContext:
    """The broker's side."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(folder / "ca.pem"))
    context.load_cert_chain(folder / "broker.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def messages(count: int, size: int = 8) -> list[Outgoing]:
    bodies = [str(n).zfill(size).encode() for n in range(count)]
    return [Outgoing(n, f"acme/a/b/c/d/e/tag_{n % 3}", body, Expectation("valid")) for n, body in enumerate(bodies)]


def run(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    monkeypatch.setattr(sys, "argv", ["acme", "plant", *args])
    with pytest.raises(SystemExit) as left:
        cli.main()
    return int(left.value.code or 0)


def engine(folder: Path) -> Path:
    """Two cycles of one engine: 48 readings and its failure."""
    history = folder / "train_FD001.txt"
    history.write_text("".join(f"1 {cycle} {' '.join(map(str, range(24)))}\n" for cycle in (1, 2)))
    return history


@pytest.fixture
def configured(folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Settings of the environment `test`, with the broker at a port."""

    def configure(port: int) -> None:
        monkeypatch.setenv("ACME_ENVIRONMENT", "test")
        monkeypatch.setenv("ACME_BROKER__CERTIFICATES", str(folder))
        monkeypatch.setenv("ACME_BROKER__PORT", str(port))
        settings.cache_clear()

    return configure


def test_a_replay_in_test_shows_its_principal_s_certificate(
    small_broker: BrokerMaker, tls: ssl.SSLContext, folder: Path, configured: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    small = small_broker(tls=tls)
    configured(small.port)
    assert run(monkeypatch, "replay", "--format", "cmapss", str(engine(folder)), "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["published"] == len(small.received) == 49
    assert (found["identity"], found["role"]) == ("plant-simulator", "publisher-equipment")
    assert small.shown == ["plant-simulator"]


def test_large_bursts_and_cut_connections_lose_nothing_over_tls(
    small_broker: BrokerMaker, tls: ssl.SSLContext, folder: Path
) -> None:
    small, sent = small_broker(tls=tls, cut_after=[100, 37]), messages(400, size=30_000)
    certificate = Certificate(folder / "plant-simulator.pem", folder / "ca.pem")
    found = publish(sent, BrokerSettings(port=small.port), proof=Proof(certificate=certificate))
    assert (found.published, found.reconnects, small.connections) == (400, 2, 3)
    assert list(dict.fromkeys(body for _, body in small.received)) == [m.payload for m in sent]


@pytest.mark.parametrize(
    ("own", "said"),
    [("expired", r"expired\.pem: it has expired; issue"), ("self-made", r"self-made\.pem: it is not of the plant's")],
)
def test_a_refused_certificate_ends_the_command_with_the_mend(
    small_broker: BrokerMaker, tls: ssl.SSLContext, folder: Path, own: str, said: str
) -> None:
    small, shown = small_broker(tls=tls), Proof(certificate=Certificate(folder / f"{own}.pem", folder / "ca.pem"))
    with pytest.raises(Stop, match=said):
        publish(messages(1), BrokerSettings(port=small.port), proof=shown)


def test_why_the_broker_closed_is_read_before_anything_is_written(
    small_broker: BrokerMaker, tls: ssl.SSLContext, folder: Path
) -> None:
    shown = Certificate(folder / "expired.pem", folder / "ca.pem")
    connection = Connection("127.0.0.1", small_broker(tls=tls).port, shown)
    connection.put(wire.PINGREQ)
    time.sleep(0.3)  # TLS 1.3: the broker looks at the certificate when the client is through
    with pytest.raises(ssl.SSLError, match=r"(?i)alert.*expired"):
        connection.exchange(0.05)
    connection.close()


def test_a_broker_of_another_authority_is_not_trusted(
    small_broker: BrokerMaker, tls: ssl.SSLContext, folder: Path
) -> None:
    other = Certificate(folder / "plant-simulator.pem", folder / "self-made.pem")
    with pytest.raises(Stop, match="the broker's certificate is not of"):
        publish(messages(1), BrokerSettings(port=small_broker(tls=tls).port), proof=Proof(certificate=other))


def test_an_identity_without_a_role_or_a_certificate_publishes_nothing(
    folder: Path, configured: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configured(1)
    history = str(engine(folder))
    assert run(monkeypatch, "replay", "--format", "cmapss", history, "--identity", "nobody") == 2
    assert "no principal 'nobody'; declare it with a role in contracts/roles.yaml" in capsys.readouterr().err
    (folder / "plant-simulator.pem").unlink()
    assert run(monkeypatch, "replay", "--format", "cmapss", history) == 1
    assert "no certificate" in capsys.readouterr().err


def test_off_loopback_a_user_name_needs_its_secret(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    plant = principal("plant-simulator")
    assert proof(plant, load(home=home)) == Proof()
    with pytest.raises(Stop, match="secret mqtt-plant-simulator"):
        proof(plant, load(home=home, broker={"host": "broker.plant"}))
    monkeypatch.setenv("ACME_SECRET_MQTT_PLANT_SIMULATOR", "word")
    assert proof(plant, load(home=home, broker={"host": "broker.plant"})) == Proof(password="word")


@pytest.mark.real
def test_a_replay_reaches_the_broker_s_tls_listener_and_the_bridge_takes_it(
    tls_broker: Broker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ACME_HOME", str(tls_broker.settings.home))
    monkeypatch.setenv("ACME_ENVIRONMENT", "dev")
    monkeypatch.setenv("ACME_BROKER__PORT", str(tls_broker.settings.broker.port))
    settings.cache_clear()
    bridge = certificates.subscriber(tls_broker, "bridge-1")
    certificates.poll(bridge, lambda: bridge.connected)
    assert run(monkeypatch, "replay", "--format", "cmapss", str(engine(tmp_path)), "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["published"] == 49  # the bridge's log stands before it
    taken = bridge.poll(1, 1)
    assert taken is not None
    assert json.loads(taken.publishes[0].payload)["replayed"] is True
    bridge.close()
    shutil.copy(tls_broker.tls / "probe.pem", tls_broker.tls / "operator.pem")  # a reader's, of the same authority
    assert run(monkeypatch, "replay", "--format", "cmapss", str(engine(tmp_path)), "--identity", "operator") == 1
    assert "denied 'operator' publishing" in capsys.readouterr().err
    settings.cache_clear()
