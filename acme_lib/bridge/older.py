"""Hubs that only an earlier contract names: kept while entries wait for them, then forgotten."""

from __future__ import annotations

from collections.abc import Collection

import structlog

from acme_lib.bridge.rebase import delivered_through
from acme_lib.journal import Cursors, Journal

__all__ = ["older_hubs"]

log = structlog.get_logger("bridge.egress")


def older_hubs(journal: Journal, cursors: Cursors, named: Collection[str]) -> list[str]:
    """Hubs with a cursor that the contract no longer names and that reading will still meet.

    The others' cursors are dropped: a hub that was renamed, emptied and deleted must not be asked for at each start.
    """
    positions = cursors.positions()
    older = {lane.hub for lane in positions}.difference(named)
    if not older:
        return []
    with journal.reading():
        # From the lowest cursor of all: reading begins there, and meets entries that this hub's own cursors have passed.
        accepted, through = journal.counters(), delivered_through(journal, min(positions.values()))
    waiting = {hub for hub in older if accepted.get(f"accepted/{hub}", 0) > through.get(hub, 0)}
    kept = {lane: seq for lane, seq in positions.items() if lane.hub not in older - waiting}
    if 0 < len(kept) < len(positions):  # with none kept all hubs are new: `begin` needs the old cursors to start from
        log.warning(
            "older hubs forgotten", hubs=sorted(older - waiting), mend="none: the contract no longer names them"
        )
        cursors.replace(kept, {})
    return sorted(waiting)
