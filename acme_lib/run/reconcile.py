"""Proof: what was published against what every hop holds. Counts distinct messages, never rows alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from acme_lib.run.copies import copies
from acme_lib.run.evidence import Evidence

__all__ = ["BACKFILL", "Hop", "reconcile"]

BACKFILL = "backfill/"  # what a hub's name begins with where files went straight into Bronze


@dataclass(frozen=True, slots=True)
class Hop:
    """One equation of the ledger: `left` and `right` must be equal."""

    name: str
    left: int
    right: int

    @property
    def balanced(self) -> bool:
        return self.left == self.right


MISSING = """SELECT count(*) FROM (SELECT DISTINCT message_id FROM published WHERE kind = 'valid') p
    WHERE NOT EXISTS (SELECT 1 FROM silver_events s WHERE s.message_id = p.message_id)"""
DOUBLED = "SELECT count(*) FROM (SELECT 1 FROM silver_events GROUP BY message_id, body_hash HAVING count(*) > 1)"
INVERSIONS = """SELECT count(*) FROM (
    SELECT seq, max(seq) OVER (PARTITION BY hub, source_system, topic, epoch ORDER BY source_partition, source_offset
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM silver_events WHERE seq IS NOT NULL) WHERE before > seq"""
SPLIT_TOPICS = "SELECT count(*) FROM (SELECT topic FROM silver_events GROUP BY topic, hub HAVING count(DISTINCT source_partition) > 1)"
# what carries no stamp never passed a bridge: its number is null, and not counted
DELIVERED = rf"""SELECT count(DISTINCT nullif(regexp_extract(try(decode(body)), '"bridgeId":"([^"]*)","bridgeSeq":([0-9]+)\}}$', 0), ''))
    FROM bronze_events WHERE hub NOT LIKE '{BACKFILL}%'"""
DEAD_LETTERS = "SELECT count(*) FROM (SELECT DISTINCT bridge_id, bridge_seq FROM bronze_dead_letters)"
UNREADABLE = "SELECT count(*) FROM (SELECT DISTINCT hub, source_partition, source_offset FROM silver_violations WHERE rule = 'UNREADABLE')"
# by message, not by Silver's hub: where the same history came over MQTT before, Silver names the hub of that first copy
BACKFILLED = rf"""SELECT hub, count(*) AS stored, count(DISTINCT s.message_id) AS messages
    FROM (SELECT hub, lower(regexp_extract(try(decode(body)), '"messageId":"([^"]*)"', 1)) AS message_id
          FROM bronze_events WHERE hub LIKE '{BACKFILL}%')
    LEFT JOIN (SELECT DISTINCT message_id FROM silver_events) s USING (message_id) GROUP BY hub"""
METRICS = "SELECT coalesce(sum(totalMessages), 0)::BIGINT AS total, coalesce(sum(duplicatesRemoved), 0)::BIGINT AS removed FROM silver_quality_metrics"
IN_GOLD = "SELECT coalesce(sum(message_count), 0)::BIGINT FROM gold_quality_hourly"


def reconcile(evidence: Evidence, bridge: dict[str, Any] | None, published: Mapping[str, int]) -> dict[str, Any]:
    """The ledger over every hop, and `balanced`.

    `bridge` is its status, None where the files went straight to Bronze; `published` counts by kind, and by hub what
    files went straight there.
    """
    rows = {t: int(evidence.one(f"SELECT count(*) FROM {t}")) for t in ("bronze_events", "silver_events", "silver_violations", "gold_hourly", "gold_daily")}  # fmt: skip
    unreadable, doubled = evidence.one(UNREADABLE), evidence.one(DOUBLED)
    removed = copies(evidence)
    backfilled = _backfilled(evidence, published)
    hops = [
        *(_bridge_hops(evidence, bridge) if bridge is not None else ()),
        *_backfill_hops(backfilled, published),
        *_lake_hops(evidence, rows["bronze_events"], rows["silver_events"], removed, unreadable),
        Hop("Silver messages = Silver rows (nothing doubled)", rows["silver_events"] - doubled, rows["silver_events"]),
    ]
    lost = sum(max(0, count - backfilled[hub][1]) for hub, count in published.items() if hub in backfilled)
    missing, inversions = evidence.one(MISSING) + lost, evidence.one(INVERSIONS) + evidence.one(SPLIT_TOPICS)
    return {
        "bronze_rows": rows["bronze_events"],
        "silver_rows": rows["silver_events"],
        "duplicates_removed": removed,
        "unreadable": unreadable,
        "violations": rows["silver_violations"],
        "gold_hourly_rows": rows["gold_hourly"],
        "gold_daily_rows": rows["gold_daily"],
        "missing": missing,
        "inversions": inversions,
        "doubled": doubled,
        "hops": [{**asdict(h), "balanced": h.balanced} for h in hops],
        "balanced": all(h.balanced for h in hops) and missing == 0 and inversions == 0,
    }


def _bridge_hops(evidence: Evidence, bridge: dict[str, Any]) -> list[Hop]:
    dead = sum(bridge["dead_lettered"].values())
    sent = int(bridge["delivered"] + bridge["buffered"] + bridge["quarantined"])
    return [
        Hop("accepted = delivered + buffered + quarantined + dead-lettered", bridge["accepted"], sent + dead),
        Hop("delivered = distinct journal numbers in Bronze", bridge["delivered"], evidence.one(DELIVERED)),
        Hop("dead-lettered = distinct journal numbers in Bronze's dead letters", dead, evidence.one(DEAD_LETTERS)),
    ]


def _backfilled(evidence: Evidence, published: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    """By backfill hub, of this run or an earlier one: rows in Bronze, and how many of their messages Silver holds."""
    found = {hub: (0, 0) for hub in published if hub.startswith(BACKFILL)}
    return found | {r["hub"]: (r["stored"], r["messages"]) for r in evidence.rows(BACKFILLED)}


def _backfill_hops(backfilled: Mapping[str, tuple[int, int]], published: Mapping[str, int]) -> list[Hop]:
    hops = []
    for hub, (stored, messages) in sorted(backfilled.items()):
        if hub in published:  # an earlier run's files may be gone
            hops.append(Hop(f"{hub}: readings of the files = Bronze rows", published[hub], stored))
        hops.append(Hop(f"{hub}: Bronze rows = messages in Silver", stored, messages))
    return hops


def _lake_hops(evidence: Evidence, bronze: int, silver: int, removed: int, unreadable: int) -> list[Hop]:
    metrics = evidence.rows(METRICS)[0]
    return [
        Hop("Bronze rows = Silver rows + copies counted in Bronze + unreadable", bronze, silver + removed + unreadable),
        Hop("Bronze rows = totalMessages of the quality metrics", bronze, metrics["total"]),
        Hop("copies counted in Bronze = duplicatesRemoved of the quality metrics", removed, metrics["removed"]),
        Hop("Silver rows = messages of gold_quality_hourly", silver, evidence.one(IN_GOLD)),
    ]
