"""Looks at the ledger now and then, and tells people when it does not balance."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import structlog

from acme_lib.bridge.budget import Raiser
from acme_lib.bridge.ledger import Status
from acme_lib.errors import AcmeError

__all__ = ["Watch"]

log = structlog.get_logger("bridge.run")


class Watch:
    """Two looks in a row must disagree before the alert: one could have met a file just being replaced."""

    def __init__(self, read: Callable[[], Status], alerts: Raiser, key: str, every_s: float = 30.0) -> None:
        self._read, self._alerts, self._key, self._every_s = read, alerts, key, every_s
        self._next_s, self._doubts, self._open = (
            every_s,
            0,
            True,
        )  # an alert of an earlier run is closed at the first look

    def look(self, now_s: float, now: datetime) -> None:
        """Call it often; it reads every `every_s` of `now_s` (seconds since the start)."""
        if now_s < self._next_s:
            return
        self._next_s = now_s + self._every_s
        try:
            self._judge(self._read(), now)
        except AcmeError as e:
            log.warning("the ledger could not be read, or its alert not recorded", error=str(e))

    def _judge(self, found: Status, now: datetime) -> None:
        self._doubts = 0 if found.balanced else self._doubts + 1
        if self._doubts >= 2 and not self._open:
            log.error("ledger unbalanced", by_hub=found.by_hub)
            self._alerts.open("ledger_unbalanced", self._key, found.accepted, now)
            self._open = True
        elif found.balanced and self._open is not False:
            self._alerts.close("ledger_unbalanced", self._key, now)
            self._open = False
