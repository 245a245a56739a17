"""The ledger: every accepted number is delivered, buffered, dead-lettered or quarantined. Read from the files alone."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from acme_lib.bridge.budget import Budget
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.intake import DEAD, EXCLUDED, UNKNOWN_FLAG
from acme_lib.bridge.presence import egress_state, ingest_state
from acme_lib.contracts import BridgeMapping, contracts
from acme_lib.errors import Stop
from acme_lib.journal import Corrupt, Frame, Lane, Quarantined, SqliteJournal

__all__ = ["Status", "read_status"]

_ONE = 1  # frame at a time: what is stored says little of what it opens to


@dataclass(frozen=True)
class Status:
    """Counts of messages since the journal was made. `buffered` and `delivered` speak of the telemetry hub.

    A dead letter is accepted and dead-lettered at once; its way to the dead-letter hub is `dead_letters_*`.
    """

    accepted: int
    delivered: int
    buffered: int
    quarantined: int
    dead_lettered: dict[str, int]
    dead_lettered_by_detail: dict[str, int]
    dead_letters_delivered: int
    dead_letters_buffered: int
    dead_letters_quarantined: int
    redelivered: int
    retries: int
    excluded: int
    unknown_flag_warnings: int
    oldest_unsent_s: float
    disk_bytes: int
    disk_share: float
    ingest: str
    egress: str
    balanced: bool
    by_hub: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def complaints(self) -> list[str]:
        """What is not as it should be, with its runbook; empty when healthy."""
        found, most = [], contracts().metrics.threshold
        if not self.balanced:
            found.append("the ledger does not balance (docs/runbooks/ledger.md)")
        if self.quarantined or self.dead_letters_quarantined:
            found.append("frames are quarantined (docs/runbooks/bridge-buffer.md)")
        if self.disk_share >= Budget.full:
            found.append("the disk is full, nothing is acknowledged (docs/runbooks/bridge-buffer.md)")
        if self.buffered > most("acme_bridge_buffered"):
            found.append(f"{self.buffered:,} messages wait (docs/runbooks/bridge-buffer.md)")
        if self.oldest_unsent_s > most("acme_bridge_oldest_unsent_seconds"):
            found.append(f"the oldest message waits for {self.oldest_unsent_s:.0f} s (docs/runbooks/bridge-buffer.md)")
        return found

    def json(self) -> dict[str, Any]:
        return {**asdict(self), "healthy": not self.complaints, "complaints": self.complaints}


@dataclass
class _Undelivered:
    """Entries per hub not delivered yet, and when the oldest of them came, UTC milliseconds."""

    counts: Counter[str] = field(default_factory=Counter)
    oldest_ms: int | None = None


def read_status(
    files: BridgeFiles, mapping: BridgeMapping, budget_bytes: int, now_ms: int, partition_for: Callable[[str, int], int]
) -> Status:
    """The ledger now. Needs no running bridge. Raises Stop where no bridge ever ran here.

    Cursors are read first: ingest deletes a delivered frame only seconds later, so no entry is missed in between.
    """
    if not files.journal_path.exists():
        raise Stop(f"no journal in {files.folder}: start `acme bridge run`, or correct ACME_HOME")
    cursors = files.cursors()
    with cursors.reading():
        positions, sent = cursors.positions(), cursors.counters()
        aside = {q.last: q for q in cursors.quarantined()}
    cursors.close()
    journal = files.reader()
    with journal.reading():
        taken, used = journal.counters(), journal.bytes_used()
        left = _undelivered(journal, positions, aside, partition_for)
    journal.close()
    budget = min(budget_bytes, used + shutil.disk_usage(files.folder).free)
    return _status(mapping, taken, sent, left, (used, used / max(1, budget)), now_ms, files)


def _undelivered(
    journal: SqliteJournal,
    positions: Mapping[Lane, int],
    aside: Mapping[int, Quarantined],
    partition_for: Callable[[str, int], int],
) -> _Undelivered:
    """Between the lowest and the highest cursor each entry is looked at; above the highest, frames are counted."""
    left = _Undelivered()
    lowest, highest = min(positions.values(), default=0), max(positions.values(), default=0)
    counts = Counter(lane.hub for lane in positions)
    after = lowest
    while after < highest and (frames := journal.frames(after, _ONE)):
        for frame in frames:
            after = frame.last
            if frame.first > highest or frame.last in aside:
                continue
            for hub, n in _of_frame(frame, positions, counts, partition_for).items():
                left.counts[hub] += n
                left.oldest_ms = left.oldest_ms or frame.at_ms
    left.counts.update(journal.remaining(highest))
    for lost in aside.values():
        if lost.first > highest:  # set aside while every lane was still busy with what came before it
            left.counts.subtract(lost.counts)
    if left.oldest_ms is None and (frames := journal.frames(highest, 1)) and frames[0].first > highest:
        left.oldest_ms = frames[0].at_ms
    return left


def _of_frame(
    frame: Frame | Corrupt,
    positions: Mapping[Lane, int],
    counts: Mapping[str, int],
    partition_for: Callable[[str, int], int],
) -> Mapping[str, int]:
    if isinstance(frame, Corrupt):
        return frame.counts  # nothing of it can have left
    found: Counter[str] = Counter()
    for seq, (hub, key, _) in enumerate(frame.entries, frame.first):
        of_hub = counts.get(hub)
        if of_hub is None or seq > positions[Lane(hub, partition_for(key, of_hub))]:
            found[hub] += 1
    return found


def _status(
    mapping: BridgeMapping,
    taken: Mapping[str, int],
    sent: Mapping[str, int],
    left: _Undelivered,
    disk: tuple[int, float],
    now_ms: int,
    files: BridgeFiles,
) -> Status:
    main, dead = mapping.hub, mapping.dead_letter_hub
    detail = {n.removeprefix(f"{DEAD}/"): k for n, k in taken.items() if n.startswith(f"{DEAD}/")}
    reason: Counter[str] = Counter()
    for name, n in detail.items():
        reason[name.partition("/")[0]] += n
    hubs = {h: _hub(h, taken, sent, left) for h in (main, dead)}
    accepted = sum(h["accepted"] for h in hubs.values())
    m, d, letters = hubs[main], hubs[dead], sum(reason.values())
    return Status(
        accepted=accepted,
        delivered=m["delivered"],
        buffered=m["buffered"],
        quarantined=m["quarantined"],
        dead_lettered=dict(reason),
        dead_lettered_by_detail=detail,
        dead_letters_delivered=d["delivered"],
        dead_letters_buffered=d["buffered"],
        dead_letters_quarantined=d["quarantined"],
        redelivered=m["redelivered"] + d["redelivered"],
        retries=m["retries"] + d["retries"],
        excluded=taken.get(EXCLUDED, 0),
        unknown_flag_warnings=taken.get(UNKNOWN_FLAG, 0),
        oldest_unsent_s=round(max(0.0, (now_ms - left.oldest_ms) / 1000), 3) if left.oldest_ms is not None else 0.0,
        disk_bytes=disk[0],
        disk_share=round(disk[1], 4),
        ingest=ingest_state(files),
        egress=egress_state(files),
        balanced=accepted == m["delivered"] + m["buffered"] + m["quarantined"] + letters
        and letters == d["delivered"] + d["buffered"] + d["quarantined"],
        by_hub=hubs,
    )


def _hub(hub: str, taken: Mapping[str, int], sent: Mapping[str, int], left: _Undelivered) -> dict[str, int]:
    moved = {kind: sent.get(f"{kind}/{hub}", 0) for kind in ("delivered", "quarantined", "redelivered", "retries")}
    return {"accepted": taken.get(f"accepted/{hub}", 0), "buffered": left.counts.get(hub, 0), **moved}
