"""The sender port: what the bridge needs of an event hub, whoever fills it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

__all__ = ["HubSender"]


class HubSender(Protocol):
    """Sends to one hub. Different partitions may be sent to from different threads; one partition from one at a time."""

    @property
    def partition_count(self) -> int:
        """Asked of the hub once, at first use. Raises Retry, Stop."""

    def send(self, partition: int, bodies: Sequence[bytes]) -> None:
        """Returns when the hub has acknowledged every body, in order.

        Raises SlowDown (throttled: wait, then all again), Retry (failed, or outcome unknown: all again, which may double
        some), Stop (no retry can help; the message says what to change). Sending again is always safe.
        """

    def close(self) -> None:
        """Lets the connections go. Closing twice is no error."""
