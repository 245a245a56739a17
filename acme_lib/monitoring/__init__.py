"""What the platform says about itself: run records, alerts, audit, metrics."""

from acme_lib.monitoring.alerts import Alert, Alerts, alerts_at, open_alert
from acme_lib.monitoring.audit import Audit, AuditRow, BrokenChain, audit_at
from acme_lib.monitoring.jsonl import JsonlAlerts, JsonlAudit
from acme_lib.monitoring.lake_store import LakeAlerts, LakeAudit, save_run
from acme_lib.monitoring.registry import Registry, metrics
from acme_lib.monitoring.runs import RunRecord, recording

__all__ = [
    "Alert",
    "Alerts",
    "Audit",
    "AuditRow",
    "BrokenChain",
    "JsonlAlerts",
    "JsonlAudit",
    "LakeAlerts",
    "LakeAudit",
    "Registry",
    "RunRecord",
    "alerts_at",
    "audit_at",
    "metrics",
    "open_alert",
    "recording",
    "save_run",
]
