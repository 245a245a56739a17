"""When the frames of a machine that fell silent are over. Only time that we listened counts, and no clock's jump does."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from acme_lib.contracts import FeatureSpec
from edge_service.live.store import Key

__all__ = ["Deadlines", "Now", "read_now"]

LONG_AGO, NEVER = -(2**62), 2**62
GAP_US = 5_000_000  # longer between two looks at the line (disk full, machine asleep) is not listening


class Now(NamedTuple):
    """Two clocks: the wall's (microseconds since 1970), which may jump, and a steady one with no date."""

    utc_us: int
    steady_us: int


def read_now() -> Now:
    return Now(time.time_ns() // 1000, time.monotonic_ns() // 1000)


@dataclass
class _Wait:
    newest_us: int  # event time of the newest reading
    since_us: int  # steady time of its arrival
    told_us: int  # event time up to which deadlines are past already


class Deadlines:
    """Of live equipment only: a replay's event time is long ago, and no clock here says how it passes.

    At the machine it is at least the newest reading's time and what has passed since by the steady clock. The wall
    clock can only delay: ahead, behind or set anew it never closes a frame that may still be filled.
    """

    def __init__(self, live: Mapping[Key, int]) -> None:
        """`live`: event time of the newest reading of live equipment, from before a restart."""
        self._waits = {key: _Wait(newest_us, LONG_AGO, newest_us) for key, newest_us in live.items()}
        self._listening_since, self._looked = NEVER, LONG_AGO

    def listen(self, steady_us: int, hearing: bool) -> None:
        """Told at each look at the line. Without `hearing` every wait begins anew: what was sent may still be at the broker."""
        if not hearing or steady_us - self._looked > GAP_US:
            self._listening_since = steady_us
        self._looked = steady_us

    def heard(self, key: Key, ts_us: int, live: bool, steady_us: int) -> None:
        """A reading of a frame's tag. One that is older than the newest says nothing of the present."""
        wait = self._waits.get(key)
        if wait is not None and ts_us <= wait.newest_us:
            return
        if live:
            self._waits[key] = _Wait(ts_us, steady_us, ts_us)
        elif wait is not None:
            del self._waits[key]

    def newest(self, key: Key) -> int | None:
        """Event time of the newest reading; None where the equipment is not live."""
        wait = self._waits.get(key)
        return wait.newest_us if wait else None

    def keys(self) -> list[Key]:
        return list(self._waits)

    def passed(self, key: Key, spec: FeatureSpec, now: Now) -> int | None:
        """The newest deadline that has passed at the machine since the last call, up to that of its newest frame; else None.

        Not the present: then readings that a gateway held back would find their own frames over too.
        """
        wait, period_us = self._waits[key], round(spec.frame.period_s * 1e6)
        patience_us = period_us + round(spec.frame.deadline_s * 1e6)
        last_us = wait.newest_us - wait.newest_us % period_us + patience_us
        waited_us = now.steady_us - max(wait.since_us, self._listening_since)
        at_us = min(now.utc_us, wait.newest_us + waited_us, last_us)
        at_us -= (at_us - patience_us) % period_us
        if at_us <= wait.told_us:
            return None
        wait.told_us = at_us
        return at_us
