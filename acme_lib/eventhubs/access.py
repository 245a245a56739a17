"""How a hub is reached: address, TLS and credential, for the local namespace and for a real one, from settings alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acme_lib.errors import WrongUse
from acme_lib.settings import Settings

__all__ = ["LOCAL_NAMESPACE", "HubAccess", "hub_access"]

LOCAL_NAMESPACE = "localhost"


@dataclass(frozen=True)
class HubAccess:
    """`credential()` gives a connection string or a TokenCredential, anew for each connection so that a new key is seen."""

    namespace: str
    credential: Callable[[], Any]
    endpoint: str | None = None
    tls: bool = True
    ca: Path | None = None


def hub_access(hub: str, settings: Settings, credential: Any = None) -> HubAccess:
    """Raises WrongUse where the settings contradict each other."""
    found = settings.eventhubs
    if found.namespace and found.identity == "local":
        raise WrongUse(
            "eventhubs.identity is local but eventhubs.namespace names a real one; set identity to managed_identity, service_principal or connection_string"
        )
    if found.namespace:
        from acme_lib.identity import eventhubs_credential

        return HubAccess(
            found.namespace, (lambda: credential) if credential else (lambda: eventhubs_credential(settings))
        )
    return _local(settings, credential)


def _local(settings: Settings, credential: Any) -> HubAccess:
    """The door on loopback, with the key and the certificate that were made for it here."""
    from acme_lib.eventhubs.local.keys import local_connection_string
    from acme_lib.eventhubs.local.tls import ca_file

    found = settings.eventhubs
    supply = (lambda: credential) if credential else (lambda: local_connection_string(settings))
    if not found.tls:  # the SDK takes the port from the host name only without TLS
        return HubAccess(f"{LOCAL_NAMESPACE}:{found.amqp_port}", supply, tls=False)
    return HubAccess(
        LOCAL_NAMESPACE, supply, endpoint=f"sb://{LOCAL_NAMESPACE}:{found.amqp_port}", ca=ca_file(settings)
    )
