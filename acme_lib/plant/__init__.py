"""A plant to work with: simulated, or replayed from historian files; published over MQTT with evidence, or backfilled."""

from acme_lib.plant.message import Expectation, Outgoing, Reading
from acme_lib.plant.publish_log import read_publish_log
from acme_lib.plant.publishing import Pace, Published, publish

__all__ = ["Expectation", "Outgoing", "Pace", "Published", "Reading", "publish", "read_publish_log"]
