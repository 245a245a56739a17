"""The store-and-forward bridge: MQTT into the journal (ingest), the journal into Event Hubs (egress), and its ledger."""

from acme_lib.bridge.backoff import Backoff, delay
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.ledger import Status, read_status
from acme_lib.bridge.presence import ready

__all__ = ["Backoff", "BridgeFiles", "Status", "delay", "read_status", "ready"]
