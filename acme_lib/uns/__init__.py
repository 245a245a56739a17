"""The Unified Namespace: its topics, and the envelope of its messages. Pure: no I/O beyond the contracts, no clock."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# Loaded at first use: `acme uns` judges topics in a fraction of a second, without the schema compiler of `judge`.
_HOMES = {"Rejected": "envelope", "Valid": "envelope", "judge": "envelope"}
_HOMES |= dict.fromkeys(("dead_letter", "message_id", "stamp"), "message")
_HOMES |= dict.fromkeys(("InvalidTopic", "Topic", "violations", "violations_of"), "topic")


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found
