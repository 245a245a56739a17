"""The TLS listener of dev, test and prod: the client certificate's common name is the identity, and nothing else is."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from acme_lib.bridge.assemble import account
from acme_lib.bridge.stream import Publish
from acme_lib.bridge.subscriber import Account, Subscriber
from acme_lib.broker import Broker
from acme_lib.errors import Stop
from acme_lib.identity import mqtt_certificate
from acme_lib.processes import free_port
from acme_lib.settings import BridgeSettings, load

pytestmark = pytest.mark.real
TEMPERATURE = "acme/dallas/drying/line-1/cell-a/dryer-01/temperature"
PASSWORD = "only-in-the-environment"
Issued = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def issue(common_name: str, issuer: Issued | None = None, ends: timedelta = timedelta(hours=1)) -> Issued:
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer[0].subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + ends)
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
    )
    return built.sign(issuer[1] if issuer else key, hashes.SHA256()), key


def pem(folder: Path, name: str, issued: Issued) -> Path:
    key = issued[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / name).write_bytes(issued[0].public_bytes(Encoding.PEM) + key)
    return folder / name


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """A broker of the environment `dev`, with an authority of its own."""
    home = tmp_path_factory.mktemp("tls")
    tls = home / "broker" / "tls"
    tls.mkdir(parents=True)
    authority = issue("Acme test authority")
    server, secret = issue("broker", authority), BestAvailableEncryption(PASSWORD.encode())
    (tls / "ca.pem").write_bytes(authority[0].public_bytes(Encoding.PEM))
    (tls / "keystore.p12").write_bytes(
        pkcs12.serialize_key_and_certificates(b"broker", server[1], server[0], [authority[0]], secret)
    )
    trusted = [pkcs12.PKCS12Certificate(authority[0], b"authority")]
    (tls / "truststore.p12").write_bytes(pkcs12.serialize_java_truststore(trusted, secret))
    for name in ("bridge-1", "plant-simulator", "stranger"):
        pem(tls, f"{name}.pem", issue(name, authority))
    pem(tls, "probe.pem", issue("operator", authority))
    pem(tls, "self-made.pem", issue("plant-simulator"))
    pem(tls, "expired.pem", issue("bridge-1", authority, ends=timedelta(minutes=-1)))
    settings = load(home=home, environment="dev", broker={"port": free_port(), "heap": "256m"})
    with pytest.MonkeyPatch.context() as patch:
        for store in ("KEYSTORE", "TRUSTSTORE"):
            patch.setenv(f"ACME_SECRET_BROKER_{store}_PASSWORD", PASSWORD)
        with Broker(settings) as running:
            yield running


def test_the_certificate_s_common_name_gives_the_role(broker, connect):
    bridge = connect("bridge-1", pem=broker.tls / "bridge-1.pem")
    bridge.subscribe("acme/#")
    assert connect("plant-simulator", pem=broker.tls / "plant-simulator.pem").publish(TEMPERATURE) == "Success"
    bridge.until(lambda: bridge.received, "the message")


def test_a_user_name_can_t_lift_a_certificate(broker, connect):
    assert connect("bridge-1", name="s", pem=broker.tls / "stranger.pem").connack[0] == "Not authorized"


def test_a_certificate_of_another_authority_is_refused(broker):
    context = ssl.create_default_context(cafile=str(broker.tls / "ca.pem"))
    context.load_cert_chain(broker.tls / "self-made.pem")
    with socket.create_connection(("127.0.0.1", broker.settings.broker.port), 5) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):  # TLS 1.3 tells the client with the first read
            context.wrap_socket(plain, server_hostname="127.0.0.1").recv(1)


# ---- the bridge's own connection, by configuration alone
def subscriber(broker: Broker, identity: str, **over: Any) -> Subscriber:
    certificate = mqtt_certificate(identity, broker.settings)
    assert certificate is not None
    account = Account(
        "127.0.0.1", broker.settings.broker.port, f"bridge-{identity}", identity, None, replace(certificate, **over)
    )
    return Subscriber(account, ["acme/#"])


def poll(of: Subscriber, until: Callable[[], Any], within_s: float = 15.0) -> list[Publish]:
    found, deadline = [], time.monotonic() + within_s
    while not until():
        assert time.monotonic() < deadline
        batch = of.poll(0.05, 100)
        if batch is not None:
            found += batch.publishes
            batch.ack()
    return found


def test_the_bridge_connects_by_its_certificate_and_takes_what_is_published(broker, connect):
    bridge = subscriber(broker, "bridge-1")
    poll(bridge, lambda: bridge.connected)
    plant = connect("plant-simulator", pem=broker.tls / "plant-simulator.pem")
    bodies = [bytes([n % 256]) * 30_000 for n in range(40)]  # more than TLS hands over at once
    for body in bodies:
        plant.mqtt.publish(TEMPERATURE, body, 1)
    found: list[Publish] = []
    deadline = time.monotonic() + 15
    while len(found) < len(bodies) and time.monotonic() < deadline:
        batch = bridge.poll(0.05, 3)
        found += batch.publishes if batch else []
        batch.ack() if batch else None
    assert [p.payload for p in found] == bodies
    bridge.close()


def test_a_certificate_of_another_role_may_not_read(broker):
    with pytest.raises(Stop, match=r"broker refuses the subscription 'acme/#'.*roles\.yaml"):
        poll(subscriber(broker, "plant-simulator"), lambda: False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("expired", r"the broker refuses .*expired\.pem: it has expired; issue a new one in its place"),
        ("self-made", r"the broker refuses .*self-made\.pem: it is not of the plant's authority"),
    ],
)
def test_a_wrong_certificate_is_one_sentence_and_the_bridge_goes_on_trying(broker, name, said):
    with capture_logs() as logs:
        wrong = subscriber(broker, "bridge-1", own=broker.tls / f"{name}.pem")
        poll(wrong, lambda: any(re.search(said, str(line)) for line in logs))
        assert not wrong.connected


def test_a_broker_of_another_authority_is_not_trusted(broker, tmp_path):
    other = tmp_path / "ca.pem"
    other.write_bytes(issue("Another authority")[0].public_bytes(Encoding.PEM))
    with capture_logs() as logs:
        bridge = subscriber(broker, "bridge-1", ca=other)
        poll(bridge, lambda: any("the broker's certificate is not of" in str(line) for line in logs))


def test_an_absent_certificate_is_named(broker):
    with pytest.raises(Stop, match=r"no certificate .*/bridge-9\.pem; put it there, or set broker\.certificates"):
        account(broker.settings.model_copy(update={"bridge": BridgeSettings(id="bridge-9")}))


def test_no_secret_is_written_anywhere(broker):
    written = [p for p in broker.home.rglob("*") if p.is_file() and p.suffix in (".xml", ".log", ".pid")]
    assert len(written) >= 5
    assert not [p for p in written if PASSWORD in p.read_text(errors="replace")]


def test_without_certificates_the_broker_stays_on_loopback(tmp_path):
    open_door = load(home=tmp_path, broker={"host": "0.0.0.0", "port": free_port()})
    with pytest.raises(Stop, match=r"a user name alone would let anyone on the network in; set broker\.host"):
        Broker(open_door).start()
