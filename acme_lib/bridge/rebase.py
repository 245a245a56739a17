"""Where egress begins: at its cursors, or, where they don't fit the hub or are lost, at what is certainly delivered."""

from __future__ import annotations

import structlog

from acme_lib.journal import Corrupt, Cursors, Journal, Lane

__all__ = ["begin", "delivered_through"]

log = structlog.get_logger("bridge.egress")


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
