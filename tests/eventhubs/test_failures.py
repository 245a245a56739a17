"""What the SDK says, and what the sender makes of it; the options of source and identity, without a network."""

from __future__ import annotations

import pytest
from azure.eventhub.exceptions import (
    AuthenticationError,
    ConnectError,
    ConnectionLostError,
    EventDataSendError,
    OperationTimeoutError,
)

from acme_lib.errors import Retry, SlowDown, Stop, WrongUse
from acme_lib.eventhubs import connect, source_options
from acme_lib.eventhubs.batches import batches, cheap_way_holds, event_size
from acme_lib.eventhubs.failures import judge
from acme_lib.identity import GuardedCredential, Principal, eventhubs_credential, principal
from acme_lib.settings import Settings, load


class Cause(Exception):
    """As the SDK's own: a condition in bytes."""

    def __init__(self, condition: bytes, description: str = "said the service") -> None:
        super().__init__(description)
        self.condition, self.description = condition, description


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (EventDataSendError("x", Cause(b"com.microsoft:server-busy")), SlowDown, "throttled"),
        (EventDataSendError("x", Cause(b"com.microsoft:timeout")), Retry, "timeout"),
        (EventDataSendError("x", Cause(b"amqp:internal-error")), Retry, "internal-error"),
        (ConnectionLostError("x", Cause(b"amqp:link:detach-forced")), Retry, "detach-forced"),
        (ConnectionLostError("x", Cause(b"amqp:link:message-size-exceeded")), Stop, "max_event_bytes"),
        (ConnectError("x", Cause(b"amqp:not-found")), Stop, "bridge.yaml"),
        (ConnectError("x", Cause(b"com.microsoft:entity-disabled")), Stop, "enable"),
        (ConnectError("x", Cause(b"com.microsoft:argument-out-of-range")), Stop, "no partition 9"),
        (ConnectError("x", Cause(b"amqp:unauthorized-access")), Stop, "Data Sender"),
        (ConnectError("x", Cause(b"amqp:unauthorized-access", "ExpiredToken: over")), Retry, "ended under way"),
        (AuthenticationError("CBS failed.\nStatus code: 401\nInvalidSignature"), Stop, "correct the key"),
        (AuthenticationError("CBS failed.\nStatus code: 401\nExpiredToken: over"), Stop, "clock"),
        (AuthenticationError("CBS failed.\nStatus code: 404\n"), Stop, "does not exist"),
        (AuthenticationError("Authorization timeout."), Retry, "timeout"),
        (OperationTimeoutError("no answer"), Retry, "no answer"),
        (ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), Retry, "not trusted"),
        (OSError("unreachable"), Retry, "OSError"),
    ],
    ids=lambda v: getattr(v, "__name__", str(v))[:40],
)  # fmt: skip
def test_each_failure_has_its_meaning(error, kind, says):
    found = judge(error, "telemetry", 9)
    assert type(found) is kind
    assert says in str(found)
    assert kind is not SlowDown or found.retry_after >= 4


def test_an_error_of_ours_inside_the_sdks_wins():
    def wrapped() -> Exception:
        try:
            try:
                raise Stop("service principal was refused")
            except Stop as e:
                raise ConnectError(str(e)) from None
        except ConnectError as e:
            return e

    assert type(judge(wrapped(), "telemetry")) is Stop


def test_both_ways_to_fill_a_batch_give_the_same_bytes():
    assert cheap_way_holds()


@pytest.mark.parametrize("size", [0, 250, 251, 255, 256, 70_000])
def test_the_size_of_an_event_is_what_the_sdk_counts(size):
    from azure.eventhub import EventData, EventDataBatch

    batch = EventDataBatch(max_size_in_bytes=1 << 20)
    empty = batch.size_in_bytes
    batch.add(EventData(b"x" * size))
    assert event_size(b"x" * size) in (batch.size_in_bytes - empty, batch.size_in_bytes - empty + 3)


def test_batches_keep_order_and_limit():
    bodies = [bytes([n]) * 400 for n in range(10)]
    made = list(batches(bodies, 3, 2000))
    assert [len(b) for b in made] == [4, 4, 2]
    assert {b._partition_id for b in made} == {"3"}


NAMESPACE = "ns.servicebus.windows.net"


def at(**eventhubs: object) -> Settings:
    return load(eventhubs=eventhubs)


def test_the_source_is_plain_on_loopback():
    assert source_options(["a", "b"], "bronze-ingest", at(kafka_port=1234)) == {
        "subscribe": "a,b",
        "kafka.group.id": "bronze-ingest",
        "failOnDataLoss": "true",
        "kafka.bootstrap.servers": "127.0.0.1:1234",
    }


def test_the_source_logs_in_to_a_namespace_by_connection_string(monkeypatch, home):
    monkeypatch.setenv("ACME_SECRET_EVENTHUBS_CONNECTION_STRING", 'Endpoint=sb://x/;SharedAccessKey=a"b')
    options = source_options(["a"], "g", at(namespace=NAMESPACE, identity="connection_string"))
    assert options["kafka.bootstrap.servers"] == f"{NAMESPACE}:9093"
    assert options["kafka.security.protocol"] == "SASL_SSL"
    assert (
        'username="$ConnectionString" password="Endpoint=sb://x/;SharedAccessKey=a\\"b";'
        in options["kafka.sasl.jaas.config"]
    )


def test_the_source_logs_in_by_service_principal(monkeypatch, home):
    monkeypatch.setenv("ACME_SECRET_EVENTHUBS_CLIENT_SECRET", "s3")
    options = source_options(
        ["a"], "g", at(namespace=NAMESPACE, identity="service_principal", tenant_id="t", client_id="c")
    )
    assert options["kafka.sasl.mechanism"] == "OAUTHBEARER"
    assert (
        options["kafka.sasl.oauthbearer.token.endpoint.url"] == "https://login.microsoftonline.com/t/oauth2/v2.0/token"
    )
    assert f'clientId="c" clientSecret="s3" scope="https://{NAMESPACE}/.default"' in options["kafka.sasl.jaas.config"]


def test_settings_that_contradict_each_other_say_what_to_set(home):
    with pytest.raises(WrongUse, match="set connection_string or service_principal"):
        source_options(["a"], "g", at(namespace=NAMESPACE, identity="managed_identity"))
    with pytest.raises(WrongUse, match="set identity to"):
        connect("telemetry", at(namespace=NAMESPACE))
    with pytest.raises(WrongUse, match="tenant_id"):
        eventhubs_credential(at(namespace=NAMESPACE, identity="service_principal"))
    with pytest.raises(WrongUse, match="local"):
        eventhubs_credential(at(namespace=NAMESPACE))
    with pytest.raises(Stop, match="ACME_SECRET_EVENTHUBS_CONNECTION_STRING"):
        eventhubs_credential(at(namespace=NAMESPACE, identity="connection_string"))


def test_credentials_of_each_kind(monkeypatch, home):
    monkeypatch.setenv("ACME_SECRET_EVENTHUBS_CONNECTION_STRING", "Endpoint=sb://x/")
    monkeypatch.setenv("ACME_SECRET_EVENTHUBS_CLIENT_SECRET", "s3")
    assert eventhubs_credential(at(namespace=NAMESPACE, identity="connection_string")) == "Endpoint=sb://x/"
    tenant = "00000000-0000-0000-0000-000000000001"
    for kind in ("managed_identity", "service_principal"):
        found = eventhubs_credential(at(namespace=NAMESPACE, identity=kind, tenant_id=tenant, client_id="c"))
        assert isinstance(found, GuardedCredential)


class Failing:
    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_token(self, *_: str, **__: object) -> None:
        raise self.error


class CredentialUnavailableError(Exception):
    pass


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (Exception("AADSTS7000222: The provided client secret keys are expired."), Stop, "renew its secret"),
        (CredentialUnavailableError("no response from the IMDS endpoint"), Retry, "azcmagent"),
        (OSError("name resolution failed"), Retry, "no token"),
    ],
)
def test_only_an_answer_of_the_issuer_is_final(error, kind, says):
    with pytest.raises(kind, match=says):
        GuardedCredential(Failing(error), "service principal").get_token("scope")


def test_a_principal_has_a_declared_role():
    assert principal("bridge-1") == Principal("bridge-1", "bridge")
    with pytest.raises(WrongUse, match=r"roles\.yaml"):
        principal("nobody")
