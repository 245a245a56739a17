"""Who may send: the door's judgement of signatures, tokens and roles, with a clock of the test's own."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote_plus

import jwt
import pytest
from azure.eventhub._pyamqp.utils import generate_sas_token
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acme_lib.errors import Stop
from acme_lib.eventhubs.local.assignments import make_assignments, read_assignments
from acme_lib.eventhubs.local.gate import DATA_SENDER, SAS, Gate, Refused
from acme_lib.eventhubs.local.keys import AUDIENCE, ISSUER, LocalCredential, make_keys, shared_key, signing_key
from acme_lib.eventhubs.local.tls import ca_file, make_certificates
from acme_lib.settings import load

NOW = 1_800_000_000.0
KEY = "c2VjcmV0"
SIGNER = Ed25519PrivateKey.generate()
ROLES = {"telemetry": {"bridge-1": DATA_SENDER, "reader-1": "Azure Event Hubs Data Receiver"}}


@pytest.fixture
def gate() -> Gate:
    return Gate({"acme-send": KEY}, SIGNER.public_key(), lambda: ROLES, clock=lambda: NOW)


def sas(
    resource: str = "sb://localhost/telemetry", rule: str = "acme-send", key: str = KEY, until: float = NOW + 60
) -> str:
    """A signature made by the SDK itself, not by our own arithmetic."""
    return generate_sas_token(resource, rule, key, int(until))


def token(**over: object) -> str:
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "bridge-1", "exp": NOW + 60, **over}
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, SIGNER, algorithm="EdDSA")


def test_the_sdks_signature_is_accepted_for_its_hub_only(gate):
    grant = gate.judge(SAS, sas(), "sb://localhost/telemetry")
    assert (grant.identity, grant.hub, grant.expires_s) == ("acme-send", "telemetry", NOW + 60)
    assert gate.may_send(grant, "telemetry")
    assert not gate.may_send(grant, "telemetry-dlq")
    assert gate.may_send(gate.judge(SAS, sas("sb://localhost/"), "sb://localhost/telemetry"), "telemetry-dlq")


@pytest.mark.parametrize(
    ("signature", "said"),
    [
        (sas(key="b3RoZXI="), "InvalidSignature"),
        (sas(rule="nobody"), "InvalidSignature"),
        (sas().replace("telemetry", "telemetry-dlq"), "InvalidSignature"),
        (sas(until=NOW - 1), "ExpiredToken"),
        (sas().replace(str(int(NOW + 60)), str(int(NOW + 9999))), "InvalidSignature"),
        (sas("sb://localhost/other"), "InvalidAudience"),
        ("SharedAccessSignature sr=a", "MalformedToken"),
        ("", "MalformedToken"),
        (f"SharedAccessSignature sr={quote_plus('sb://x/')}&sig=x&se=soon&skn=acme-send", "MalformedToken"),
    ],
)
def test_a_wrong_signature_is_refused_by_name(gate, signature, said):
    with pytest.raises(Refused, match=said) as caught:
        gate.judge(SAS, signature, "sb://localhost/telemetry")
    assert caught.value.status == 401


def test_an_identity_sends_where_its_role_allows(gate):
    bridge = gate.judge("jwt", token(), "sb://localhost/telemetry")
    assert gate.may_send(bridge, "telemetry")
    assert not gate.may_send(bridge, "telemetry-dlq")
    assert not gate.may_send(gate.judge("jwt", token(sub="reader-1"), "x"), "telemetry")
    assert not gate.may_send(gate.judge("jwt", token(sub="stranger"), "x"), "telemetry")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (token(exp=NOW - 1), "ExpiredToken"),
        (token(aud="https://storage.azure.com"), "InvalidToken"),
        (token(iss="urn:other"), "InvalidToken"),
        (token(sub=None), "InvalidToken"),
        (jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "bridge-1", "exp": NOW + 60}, Ed25519PrivateKey.generate(), algorithm="EdDSA"), "InvalidToken"),
        (jwt.encode({"iss": ISSUER, "aud": AUDIENCE, "sub": "bridge-1", "exp": NOW + 60}, None, algorithm="none"), "InvalidToken"),
        ("not a token", "InvalidToken"),
    ],
)  # fmt: skip
def test_a_wrong_token_is_refused_by_name(gate, broken, said):
    with pytest.raises(Refused, match=said):
        gate.judge("jwt", broken, "sb://localhost/telemetry")


def test_an_unknown_kind_of_token_is_refused(gate):
    with pytest.raises(Refused, match="InvalidTokenType") as caught:
        gate.judge("saml", "", "")
    assert caught.value.status == 400


def test_keys_and_certificates_are_made_once_and_for_this_user_only(tmp_path: Path):
    settings = load(home=tmp_path)
    with pytest.raises(Stop, match="acme eventhubs serve"):
        shared_key(settings)
    with pytest.raises(Stop, match="acme eventhubs serve"):
        ca_file(settings)
    make_keys(settings)
    make_certificates(settings)
    first = shared_key(settings), ca_file(settings).read_bytes()
    make_keys(settings)
    make_certificates(settings)
    assert (shared_key(settings), ca_file(settings).read_bytes()) == first
    secret = [p for p in (tmp_path / "eventhubs").rglob("*") if p.is_file()]
    assert {p.stat().st_mode & 0o077 for p in secret} == {0}


def test_a_local_credential_says_who_one_is(tmp_path: Path):
    settings = load(home=tmp_path)
    make_keys(settings)
    gate = Gate({}, signing_key(settings).public_key(), lambda: ROLES)
    grant = gate.judge("jwt", LocalCredential("bridge-1", settings).get_token("any").token, "x")
    assert grant.identity == "bridge-1"
    with pytest.raises(Refused, match="ExpiredToken"):
        gate.judge("jwt", LocalCredential("bridge-1", settings, lasts_s=-5).get_token("any").token, "x")


def test_bridges_of_the_contract_get_the_role_and_edits_stay(tmp_path: Path):
    settings = load(home=tmp_path)
    make_assignments(settings)
    assert read_assignments(settings)["telemetry-dlq"] == {"bridge-1": DATA_SENDER}
    (tmp_path / "eventhubs" / "assignments.json").write_text("{}")
    make_assignments(settings)
    assert read_assignments(settings) == {}
    (tmp_path / "eventhubs" / "assignments.json").write_text("{")
    with pytest.raises(Stop, match="correct or delete"):
        read_assignments(settings)
