"""How full the journal's disk is, and what follows from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from acme_lib.errors import AcmeError

__all__ = ["Budget", "Gauge", "Raiser"]

log = structlog.get_logger("bridge.ingest")


class Raiser(Protocol):
    """The part of the alerts port that is used here."""

    def open(self, rule: str, key: str, value: object, now: datetime) -> bool: ...

    def close(self, rule: str, key: str, now: datetime) -> object: ...


@dataclass(frozen=True)
class Budget:
    """Shares of the budget. Each threshold clears a little lower than it is reached, so that nothing flaps."""

    total_bytes: int
    high: float = 0.80
    full: float = 0.95
    clear_by: float = 0.03

    def share(self, used: int, free_on_volume: int) -> float:
        """Used share of what we may use: the budget, or what the volume can still give, whichever is less."""
        return used / max(1, min(self.total_bytes, used + free_on_volume))


class Gauge:
    """Follows the share, opens and closes the two alerts, and says whether acknowledging must stop."""

    def __init__(self, budget: Budget, alerts: Raiser, key: str, free: Callable[[], int]) -> None:
        self._budget, self._alerts, self._key, self._free = budget, alerts, key, free
        self._raised = {"journal_disk_high": False, "journal_disk_full": False}
        self._told: dict[str, bool] = {}  # empty: what an earlier process left open is closed at the first look

    @property
    def full(self) -> bool:
        return self._raised["journal_disk_full"]

    def look(self, used: int, now: datetime) -> float:
        """Call it every second or so."""
        share = self._budget.share(used, self._free())
        for rule, threshold in (("journal_disk_high", self._budget.high), ("journal_disk_full", self._budget.full)):
            if share >= threshold:
                self._raised[rule] = True
            elif share < threshold - self._budget.clear_by:
                self._raised[rule] = False
        self._tell(share, now)
        return share

    def no_space(self, now: datetime) -> None:
        """The disk itself said so, whatever the budget thinks."""
        self._raised["journal_disk_full"] = True
        self._tell(1.0, now)

    def _tell(self, share: float, now: datetime) -> None:
        """What could not be told, since alerts need the same full disk, is told at a later look."""
        for rule, raised in self._raised.items():
            if self._told.get(rule) == raised:
                continue
            try:
                self._alerts.open(rule, self._key, f"{share:.0%}", now) if raised else self._alerts.close(
                    rule, self._key, now
                )
                self._told[rule] = raised
            except AcmeError as e:
                log.error("alert not recorded", rule=rule, raised=raised, error=str(e))
