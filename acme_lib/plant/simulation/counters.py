"""Piece counters: total = good + reject, rising with the ideal rate, reset at each shift and by repair."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from acme_lib.contracts import Site
from acme_lib.plant.simulation.draws import Draws

__all__ = ["Counters", "shift_of"]

REJECT_NEW, REJECT_WORN = 0.006, 0.07  # share of pieces rejected by a new machine, and what wear adds


class Counters:
    """total_count, good_count and reject_count of one machine of `ideal_rate_per_h` pieces an hour."""

    def __init__(self, draws: Draws, ideal_rate_per_h: float) -> None:
        self._draws, self._rate = draws, ideal_rate_per_h
        self._started = 0.0
        self.good = int(ideal_rate_per_h * draws.uniform(0.2, 2.0))
        self.reject = int(self.good * REJECT_NEW)

    def step(self, seconds: float, running: bool, load: float, wear: float) -> None:
        if not running:
            return
        self._started += self._rate * load * seconds / 3600
        pieces = int(self._started)
        self._started -= pieces
        share = REJECT_NEW + REJECT_WORN * wear * wear
        rejected = sum(self._draws.uniform() < share for _ in range(min(pieces, 64)))
        rejected += round(max(pieces - 64, 0) * share)
        self.reject += rejected
        self.good += pieces - rejected

    def reset(self) -> None:
        self.good = self.reject = 0

    def values(self) -> dict[str, int]:
        return {"total_count": self.good + self.reject, "good_count": self.good, "reject_count": self.reject}


def shift_of(site: Site, at_ms: int) -> str:
    """Name of the shift at that instant, by the site's own clock."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(site.time_zone)).strftime("%H:%M")
    started = [shift for shift in site.shifts if shift.start <= local]
    last = max(started or site.shifts, key=lambda shift: shift.start)
    return last.name
