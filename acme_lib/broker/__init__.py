"""The plant's MQTT broker: HiveMQ CE run here, its configuration and access rules rendered from the contracts."""

from acme_lib.broker.run import Broker

__all__ = ["Broker"]
