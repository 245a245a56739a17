"""The Unified Namespace: its topics, and the envelope of its messages. Pure: no I/O beyond the contracts, no clock."""

from acme_lib.uns.envelope import Rejected, Valid, judge
from acme_lib.uns.message import dead_letter, message_id, stamp
from acme_lib.uns.topic import InvalidTopic, Topic, violations, violations_of

__all__ = [
    "InvalidTopic",
    "Rejected",
    "Topic",
    "Valid",
    "dead_letter",
    "judge",
    "message_id",
    "stamp",
    "violations",
    "violations_of",
]
