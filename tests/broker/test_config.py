"""The broker's configuration as text: what the contracts say is what the files hold, and nothing secret is in them."""

from __future__ import annotations

from hashlib import sha256
from xml.etree import ElementTree

import pytest

from acme_lib.broker import config
from acme_lib.contracts import contracts

PERMISSIONS = f"{config.EXTENSION}/permissions.xml"


def local(**over):
    return config.rendered(**{"environment": "local", "host": "127.0.0.1", "port": 1884, "persistence": "file", **over})


def xml(files, path="conf/config.xml"):
    return ElementTree.fromstring(files[path])


def test_settings_arrive_in_the_configuration():
    root = xml(local(port=1999, persistence="in-memory"))
    assert root.findtext("listeners/tcp-listener/port") == "1999"
    assert root.findtext("listeners/tcp-listener/bind-address") == "127.0.0.1"
    assert root.findtext("persistence/mode") == "in-memory"
    assert root.findtext("mqtt/queued-messages/max-queue-size") == "1000000"
    assert root.findtext("anonymous-usage-statistics/enabled") == "false"


def test_every_grant_and_principal_of_the_contract_is_there_and_no_other():
    root, roles = xml(local(), PERMISSIONS), contracts().roles
    grants = {(r.get("name"), a.get("filter"), a.get("activity")) for r in root.iter("role") for a in r.iter("allow")}
    assert grants == {(r.name, t.filter, t.activity) for r in roles.roles for t in r.topics}
    principals = {(p.get("identity"), p.get("role")) for p in root.iter("principal")}
    assert principals == {(p.identity, p.role) for p in roles.principals}


@pytest.mark.parametrize("environment", ["dev", "test", "prod"])
def test_tenants_ask_for_a_certificate_and_hold_no_secret(environment):
    files = local(environment=environment)
    listener = xml(files).find("listeners/tls-tcp-listener")
    assert xml(files).find("listeners/tcp-listener") is None
    assert listener.findtext("tls/client-authentication-mode") == "REQUIRED"
    passwords = [e.text for e in listener.iter() if "password" in e.tag]
    assert len(passwords) == 3
    assert all(text.startswith("${ACME_SECRET_BROKER_") for text in passwords)
    suites = [e.text for e in listener.iter("cipher-suite")]
    assert suites
    assert not [s for s in suites if "CBC" in s or "RSA_WITH_AES" in s.replace("ECDHE_RSA", "") or "SHA1" in s]


def test_checksum_is_over_names_and_bytes_in_order():
    files = dict.fromkeys(config.FILES, "")
    files["conf/config.xml"] = "<hivemq/>"
    by_hand = sha256(
        b"conf/config.xml\0<hivemq/>\0"
        b"extensions/acme-access/hivemq-extension.xml\0\0"
        b"extensions/acme-access/permissions.xml\0\0"
    )
    assert config.checksum(files) == by_hand.hexdigest()


def test_drift_shows_an_edit_and_an_absent_file(tmp_path):
    files = local()
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    assert (config.drifted(tmp_path, files), config.drift(tmp_path, files)) == ([], "")
    (tmp_path / "conf/config.xml").write_text(files["conf/config.xml"].replace("1000000", "1000"))
    (tmp_path / PERMISSIONS).unlink()
    assert config.drifted(tmp_path, files) == ["conf/config.xml", PERMISSIONS]
    shown = config.drift(tmp_path, files).splitlines()
    assert "-            <max-queue-size>1000000</max-queue-size>" in shown
    assert "+            <max-queue-size>1000</max-queue-size>" in shown
    assert f"--- template/{PERMISSIONS}" in shown
