"""Options of Spark's Kafka source for the hubs: plain on loopback, SASL_SSL to a namespace."""

from __future__ import annotations

from acme_lib.errors import WrongUse
from acme_lib.settings import Settings

__all__ = ["source_options"]

_LOGIN = "org.apache.kafka.common.security"


def source_options(hubs: list[str], group: str, settings: Settings) -> dict[str, str]:
    """Options for `spark.readStream.format("kafka")`. Start and trigger limits are the job's own.

    `group` is one of the consumer groups in contracts/bridge.yaml (a hub takes no others). Holds a secret where the
    namespace is real: never log it. Raises WrongUse for an identity that Spark can't use, Stop where the secret is absent.
    """
    common = {"subscribe": ",".join(hubs), "kafka.group.id": group, "failOnDataLoss": "true"}
    found = settings.eventhubs
    if not found.namespace:
        return {**common, "kafka.bootstrap.servers": f"127.0.0.1:{found.kafka_port}"}
    # Event Hubs drops idle connections after 4 minutes and throttles by delay: the client must be slower to give up.
    patience = {
        "kafka.request.timeout.ms": "60000",
        "kafka.session.timeout.ms": "30000",
        "kafka.metadata.max.age.ms": "180000",
        "kafka.connections.max.idle.ms": "180000",
    }
    address = {"kafka.bootstrap.servers": f"{found.namespace}:9093", "kafka.security.protocol": "SASL_SSL"}
    return {**common, **address, **patience, **_login(settings)}


def _login(settings: Settings) -> dict[str, str]:
    from acme_lib import runtime

    found = settings.eventhubs
    if found.identity == "connection_string":
        password = _quoted(runtime.secret(found.connection_string_secret))
        return {
            "kafka.sasl.mechanism": "PLAIN",
            "kafka.sasl.jaas.config": f'{_LOGIN}.plain.PlainLoginModule required username="$ConnectionString" password="{password}";',
        }
    if found.identity == "service_principal":
        secret = _quoted(runtime.secret(found.client_secret_secret))
        scope = f"https://{found.namespace}/.default"
        return {
            "kafka.sasl.mechanism": "OAUTHBEARER",
            "kafka.sasl.oauthbearer.token.endpoint.url": f"https://login.microsoftonline.com/{found.tenant_id}/oauth2/v2.0/token",
            "kafka.sasl.login.callback.handler.class": f"{_LOGIN}.oauthbearer.OAuthBearerLoginCallbackHandler",
            "kafka.sasl.jaas.config": f'{_LOGIN}.oauthbearer.OAuthBearerLoginModule required clientId="{found.client_id}" clientSecret="{secret}" scope="{scope}";',
        }
    raise WrongUse(
        f"eventhubs.identity {found.identity} can't read: a notebook gets no token for Event Hubs; set connection_string or service_principal"
    )


def _quoted(secret: str) -> str:
    return secret.replace("\\", "\\\\").replace('"', '\\"')
