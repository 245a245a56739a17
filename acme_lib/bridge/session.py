"""A session that the broker lost, with all that it had kept for the bridge: somebody must be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import structlog

from acme_lib.bridge.budget import Raiser
from acme_lib.errors import AcmeError

__all__ = ["SessionLoss", "telling"]

log = structlog.get_logger("bridge.ingest")


class SessionLoss:
    """Each loss is an alert of its own, as each corrupt frame is; a person closes it."""

    def __init__(self, alerts: Raiser | None, bridge_id: str) -> None:
        self._alerts, self._bridge_id = alerts, bridge_id
        self._after = 0  # until it is told

    def began_anew(self, after: int, now: datetime) -> None:
        """`after`: the last number accepted before; 0 at the first start, when there was no session to lose."""
        if after:
            log.error("the broker lost the bridge's session, and all that it kept for it", after_bridge_seq=after)
            self._after = after
            self.tell(now)

    def tell(self, now: datetime) -> None:
        """Call it now and then: what could not be told at once is told here."""
        if self._after and self._alerts is not None:
            with telling():
                key = f"{self._bridge_id}/{self._after}"
                self._alerts.open("broker_session_lost", key, f"after bridgeSeq {self._after}", now)
                self._after = 0


@contextmanager
def telling() -> Iterator[None]:
    """Alerts need a disk too, perhaps the full one: not being able to tell ends nothing, and is tried again."""
    try:
        yield
    except (AcmeError, OSError) as e:
        log.error("alert not recorded", error=str(e))
