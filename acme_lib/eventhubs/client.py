"""azure-eventhub's producer client, opened for one partition. Imported only when a connection is made: the SDK is heavy."""

from __future__ import annotations

import logging
import sys
from typing import Any

from azure.eventhub import EventHubProducerClient, TransportType
from azure.eventhub.exceptions import EventHubError

from acme_lib.eventhubs.access import HubAccess

__all__ = ["OneTry", "open_client"]

# The service drops silent connections after 4 minutes; a line that goes dead without a word is noticed after this.
IDLE_S = 120.0
logging.getLogger("azure.eventhub").setLevel(logging.CRITICAL)  # its log of retries says less than our errors


class OneTry(EventHubProducerClient):
    """Sends once. The SDK's own client sends again at once after any error, whatever retry_total says: against a throttled
    hub that doubles the load, and after a lost acknowledgement it doubles events that nobody counts."""

    def _start_producer(self, partition_id: str, send_timeout: float | None = None) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, EventHubError):
            raise error
        super()._start_producer(partition_id, send_timeout)


def open_client(hub: str, access: HubAccess, timeout_s: float) -> Any:
    """A client that is not connected yet. retry_total 0: the caller retries, and counts it."""
    options: dict[str, Any] = {
        "retry_total": 0,
        "retry_backoff_factor": 0,
        "auth_timeout": timeout_s,
        "idle_timeout": IDLE_S,
        "transport_type": TransportType.Amqp,
        "use_tls": access.tls,
    }
    if access.endpoint:
        options["custom_endpoint_address"] = access.endpoint
    if access.ca:
        options["connection_verify"] = str(access.ca)
    credential = access.credential()
    if isinstance(credential, str):
        return OneTry.from_connection_string(credential, eventhub_name=hub, **options)
    return OneTry(access.namespace, hub, credential, **options)
