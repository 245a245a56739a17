"""Proof: what was published against what every hop holds. Counts distinct messages, never rows alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from acme_lib.run.evidence import Evidence

__all__ = ["Hop", "reconcile"]


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
    SELECT seq, max(seq) OVER (PARTITION BY source_system, topic, epoch ORDER BY source_partition, source_offset
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM silver_events WHERE seq IS NOT NULL) WHERE before > seq"""
SPLIT_TOPICS = "SELECT count(*) FROM (SELECT topic FROM silver_events GROUP BY topic, hub HAVING count(DISTINCT source_partition) > 1)"
DELIVERED = r"""SELECT count(DISTINCT regexp_extract(decode(body), '"bridgeId":"([^"]*)","bridgeSeq":([0-9]+)\}$', 0))
    FROM bronze_events WHERE hub NOT LIKE 'backfill/%'"""
DEAD_LETTERS = "SELECT count(*) FROM (SELECT DISTINCT bridge_id, bridge_seq FROM bronze_dead_letters)"
UNREADABLE = "SELECT count(*) FROM (SELECT DISTINCT hub, source_partition, source_offset FROM silver_violations WHERE rule = 'UNREADABLE')"


def _sent(bridge: dict[str, Any]) -> int:
    return int(bridge["delivered"] + bridge["buffered"] + bridge["quarantined"])


def reconcile(evidence: Evidence, bridge: dict[str, Any] | None, published: dict[str, int]) -> dict[str, Any]:
    """The ledger over every hop, and `balanced`.

    `bridge` is its status, None where the files went straight to Bronze; `published` counts by kind.
    """
    one = evidence.one
    bronze, silver = one("SELECT count(*) FROM bronze_events"), one("SELECT count(*) FROM silver_events")
    unreadable = one(UNREADABLE)
    metrics_total, removed = evidence.db.execute(
        "SELECT coalesce(sum(totalMessages), 0)::BIGINT, coalesce(sum(duplicatesRemoved), 0)::BIGINT FROM silver_quality_metrics"
    ).fetchall()[0]
    hops = [
        Hop("Bronze rows = Silver rows + duplicates removed + unreadable", bronze, silver + removed + unreadable),
        Hop("Bronze rows = totalMessages of the quality metrics", bronze, metrics_total),
        Hop("Silver messages = Silver rows (nothing doubled)", silver - one(DOUBLED), silver),
    ]
    if bridge is not None:
        dead = sum(bridge["dead_lettered"].values())
        hops[:0] = [
            Hop(
                "accepted = delivered + buffered + quarantined + dead-lettered",
                bridge["accepted"],
                _sent(bridge) + dead,
            ),
            Hop("delivered = distinct journal numbers in Bronze", bridge["delivered"], one(DELIVERED)),
            Hop("dead-lettered = distinct journal numbers in Bronze's dead letters", dead, one(DEAD_LETTERS)),
        ]
    missing, inversions = one(MISSING), one(INVERSIONS) + one(SPLIT_TOPICS)
    if bridge is None:
        missing = max(0, published.get("valid", 0) - silver)
    return {
        "bronze_rows": bronze,
        "silver_rows": silver,
        "duplicates_removed": removed,
        "unreadable": unreadable,
        "violations": one("SELECT count(*) FROM silver_violations"),
        "gold_hourly_rows": one("SELECT count(*) FROM gold_hourly"),
        "gold_daily_rows": one("SELECT count(*) FROM gold_daily"),
        "missing": missing,
        "inversions": inversions,
        "doubled": one(DOUBLED),
        "hops": [{**asdict(h), "balanced": h.balanced} for h in hops],
        "balanced": all(h.balanced for h in hops) and missing == 0 and inversions == 0,
    }
