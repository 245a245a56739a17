"""Alerts for a reader: what the bridge still has open on-premises, then what the lakehouse's table holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acme_lib.monitoring import alerts_at
from acme_lib.run.evidence import Evidence

__all__ = ["BRIDGE_FILE", "alerts"]

BRIDGE_FILE = "alerts.jsonl"  # in ACME_HOME/ops, where acme_lib.bridge.assemble lets the bridge write
SHOWN = ("rule", "severity", "key", "value", "opened_utc", "runbook")
TABLE = f"SELECT {', '.join(SHOWN)} FROM ops_alerts ORDER BY opened_utc DESC LIMIT 50"


def alerts(evidence: Evidence, ops: Path) -> list[dict[str, Any]]:
    """Rows of rule, severity, key, value, opened_utc and runbook, each source's newest first. `ops`: the bridge's folder."""
    held = [a for a in alerts_at(ops / BRIDGE_FILE).rows() if a.closed_utc is None]
    newest = sorted(held, key=lambda a: a.opened_utc, reverse=True)
    return [{name: getattr(a, name) for name in SHOWN} for a in newest] + evidence.rows(TABLE)
