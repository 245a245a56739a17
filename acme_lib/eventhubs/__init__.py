"""Event Hubs: the sender port and its adapter, the service's partition hash, the options of the Spark source."""

from acme_lib.eventhubs.partition import partition_for
from acme_lib.eventhubs.ports import HubSender
from acme_lib.eventhubs.sender import connect
from acme_lib.eventhubs.source import source_options

__all__ = ["HubSender", "connect", "partition_for", "source_options"]
