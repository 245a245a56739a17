"""Settings: one file (acme.toml), the environment (ACME_*), defaults that fit one machine. A bad value names its key."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from acme_lib.errors import WrongUse

__all__ = [
    "BridgeSettings",
    "BrokerSettings",
    "EdgeSettings",
    "EventHubsSettings",
    "LakeSettings",
    "Settings",
    "settings",
]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BrokerSettings(Section):
    """The MQTT broker of the plant."""

    host: str = "127.0.0.1"
    port: int = Field(1883, ge=1, le=65535)
    persistence: Literal["file", "in-memory"] = "file"
    heap: str = "512m"
    certificates: Path | None = Field(
        None, description="folder of ca.pem and IDENTITY.pem, where connections are TLS; None for ACME_HOME/broker/tls"
    )


class EventHubsSettings(Section):
    """Event Hubs: the local stand-in, or a namespace. See docs/ingestion/event-hubs.md."""

    namespace: str = Field(
        "", description="fully qualified name, such as ns.servicebus.windows.net; empty for the local one"
    )
    identity: Literal["local", "connection_string", "service_principal", "managed_identity"] = "local"
    connection_string_secret: str = "eventhubs-connection-string"
    tenant_id: str = Field("", description="Entra ID tenant of the service principal")
    client_id: str = Field("", description="service principal's application, or a user-assigned managed identity")
    client_secret_secret: str = "eventhubs-client-secret"
    kafka_port: int = Field(9092, ge=1, le=65535)
    amqp_port: int = Field(5671, ge=1, le=65535)
    control_port: int = Field(5670, ge=1, le=65535)
    tls: bool = True


class BridgeSettings(Section):
    """The store-and-forward bridge."""

    id: str = "bridge-1"
    disk_budget_mb: int = Field(20_000, ge=64)
    mirror: Path | None = Field(None, description="folder on a second volume; commits there before the PUBACK")
    metrics_port: int = Field(0, ge=0, le=65535, description="Prometheus port; 0 for none")


class EdgeSettings(Section):
    """The edge service: signed models, HTTP on loopback by default, and the live path over the broker."""

    id: str = "edge-1"
    host: str = "127.0.0.1"
    port: int = Field(8090, ge=1, le=65535)
    bundles: Path | None = Field(None, description="folder of signed bundles; None for ACME_HOME/bundle")
    trust: Path | None = Field(None, description="folder of one or two .pub files; None for <bundles>/trust")
    state: Path | None = Field(None, description="folder of features, outbox, counters; None for ACME_HOME/edge")
    live: bool = Field(True, description="subscribe to the UNS and publish predictions there")
    look_s: float = Field(5.0, gt=0, description="seconds between two looks for new bundles")


class LakeSettings(Section):
    """Lakehouse and Spark."""

    path: Path | None = Field(None, description="lakehouse root; None for ACME_HOME/lakehouse")
    spark_memory: str = "3g"
    max_rows_per_batch: int = Field(2_000_000, ge=1)
    work: Literal["short", "long"] | None = Field(
        None, description="what the local JVM is tuned to; None for long in `acme run` of historian files, else short"
    )
    java_options: str | None = Field(None, description="of the local JVM; None for those of `work`")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="ACME_", env_nested_delimiter="__", toml_file="acme.toml", extra="forbid", frozen=True
    )

    home: Path = Field(Path(".acme"), description="folder of all local state")
    jars: Path | None = Field(None, description="folder of the resolved jars; None for ACME_HOME/jars")
    environment: Literal["local", "dev", "test", "prod"] = "local"
    key_vault: str = Field("", description="Key Vault address for secrets, empty for environment variables")
    broker: BrokerSettings = BrokerSettings()
    eventhubs: EventHubsSettings = EventHubsSettings()
    bridge: BridgeSettings = BridgeSettings()
    lake: LakeSettings = LakeSettings()
    edge: EdgeSettings = EdgeSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @property
    def jars_dir(self) -> Path:
        return (self.jars or self.home / "jars").resolve()

    @property
    def lakehouse_dir(self) -> Path:
        return (self.lake.path or self.home / "lakehouse").resolve()

    @property
    def bundles_dir(self) -> Path:
        return (self.edge.bundles or self.home / "bundle").resolve()

    @property
    def trust_dir(self) -> Path:
        return (self.edge.trust or self.bundles_dir / "trust").resolve()

    @property
    def edge_dir(self) -> Path:
        return (self.edge.state or self.home / "edge").resolve()

    def folder(self, name: str) -> Path:
        """ACME_HOME/<name>, made where absent."""
        path = (self.home / name).resolve()
        path.mkdir(parents=True, exist_ok=True)
        return path


def load(**overrides: Any) -> Settings:
    """Settings from overrides, environment and file. Raises WrongUse naming the key and the mend."""
    try:
        return Settings(**overrides)
    except ValidationError as e:
        first = e.errors()[0]
        key = ".".join(str(p) for p in first["loc"])
        raise WrongUse(
            f"setting {key}: {first['msg']}, got {first.get('input')!r}; correct it in acme.toml or ACME_{key.upper().replace('.', '__')}"
        ) from e


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The process's settings. ACME_HOME is exported so that children agree."""
    found = load()
    os.environ.setdefault("ACME_HOME", str(found.home.resolve()))
    return found
