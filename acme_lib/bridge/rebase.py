"""Where egress begins: at its cursors, or, where they don't fit the hub or are lost, at what is certainly delivered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping

import structlog

from acme_lib.journal import Corrupt, Cursors, Journal, Lane

__all__ = ["begin", "delivered_inside", "delivered_through"]

log = structlog.get_logger("bridge.egress")
_ONE = 1  # frame at a time: what is stored says little of what it opens to


def begin(journal: Journal, cursors: Cursors, partitions: dict[str, int]) -> dict[Lane, int]:
    """The cursor of every lane of these hubs. Rewrites them where the set of lanes changed: entries above the lowest cursor
    are then delivered again, and counted as delivered once; none is ever skipped.
    """
    wanted = [Lane(hub, p) for hub, n in partitions.items() for p in range(n)]
    found = cursors.positions()
    if {lane for lane in found if lane.hub in partitions} == set(wanted):
        return found
    certain = min(found.values()) if found else _before_first(journal)
    log.warning("cursors begin anew", at=certain, lanes=len(wanted), before=len(found))
    positions = dict.fromkeys(wanted, certain)
    known = cursors.counters()
    with journal.reading():
        through = delivered_through(journal, certain)
    cursors.replace(
        positions, {f"delivered/{hub}": n - known.get(f"quarantined/{hub}", 0) for hub, n in through.items()}
    )
    return positions


def delivered_through(journal: Journal, certain: int) -> dict[str, int]:
    """Accepted entries per hub with a number up to `certain`."""
    total = {n.partition("/")[2]: count for n, count in journal.counters().items() if n.startswith("accepted/")}
    for hub, n in journal.remaining(certain).items():
        total[hub] = total.get(hub, 0) - n
    for frame in journal.frames(certain, 1):
        if not isinstance(frame, Corrupt) and frame.first <= certain:
            for entry in frame.entries[certain - frame.first + 1 :]:
                total[entry.hub] -= 1
    return total


def _before_first(journal: Journal) -> int:
    """Everything before the oldest stored frame has been delivered: rows are deleted only then."""
    oldest = journal.frames(0, 1)
    return oldest[0].first - 1 if oldest else journal.next_seq - 1


def delivered_inside(
    journal: Journal,
    frame: Corrupt,
    begun: Mapping[Lane, int],
    counters: Mapping[str, int],
    held: Mapping[str, int],
    lane_of: Callable[[str, str], Lane],
) -> dict[str, int]:
    """How many entries of a frame that can no longer be read were delivered before this process began, per hub.

    All that was delivered, set aside or is held, but for what lies before the frame and what had been delivered after it.
    """
    found: dict[str, int] = {}
    after = _delivered_between(journal, frame.last, begun, lane_of)
    with journal.reading():
        before = delivered_through(journal, frame.first - 1)
    for hub, n in frame.counts.items():
        gone = counters.get(f"delivered/{hub}", 0) + counters.get(f"quarantined/{hub}", 0) + held.get(hub, 0)
        found[hub] = min(n, max(0, gone - before.get(hub, 0) - after.get(hub, 0)))
    return found


def _delivered_between(
    journal: Journal, after: int, begun: Mapping[Lane, int], lane_of: Callable[[str, str], Lane]
) -> Counter[str]:
    """Entries above `after` that the cursors say were delivered."""
    found: Counter[str] = Counter()
    highest = max(begun.values())
    while after < highest and (frames := journal.frames(after, _ONE)):
        for frame in frames:
            after = frame.last
            if not isinstance(frame, Corrupt):
                for seq, (hub, key, _) in enumerate(frame.entries, frame.first):
                    found[hub] += seq <= begun.get(lane_of(hub, key), 0)
    return found
