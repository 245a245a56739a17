"""The promises every adapter of alerts and audit keeps; subclasses say how to open one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from acme_lib.errors import WrongUse
from acme_lib.monitoring.alerts import Alerts
from acme_lib.monitoring.audit import GENESIS, Audit, BrokenChain, chain_faults

T0 = datetime(2026, 11, 24, 8, tzinfo=UTC)
DRIFT, UNBALANCED = "schema_drift_new_field", "ledger_unbalanced"


class AlertsContract:
    def test_raised_once_in_24_h_per_key_and_held_while_open(self, alerts: Alerts) -> None:
        assert alerts.open_many(DRIFT, {"vibrationTemp": 1, "fanSpeed": 2}, T0) == 2
        assert not alerts.open(DRIFT, "fanSpeed", 3, T0 + timedelta(hours=23, minutes=59))
        assert alerts.open(DRIFT, "fanSpeed", 4, T0 + timedelta(hours=24))
        assert alerts.open(UNBALANCED, "telemetry", 5, T0)
        assert not alerts.open(UNBALANCED, "telemetry", 6, T0 + timedelta(days=9))
        assert alerts.close(UNBALANCED, "telemetry", T0 + timedelta(days=9)) == 1
        assert alerts.open(UNBALANCED, "telemetry", 7, T0 + timedelta(days=10))
        rows = [a for a in alerts.rows() if a.rule == UNBALANCED]
        assert [(a.value, a.closed_utc) for a in rows] == [("5", T0 + timedelta(days=9)), ("7", None)]
        assert rows[0].severity == "critical"
        assert rows[0].runbook.endswith("ledger.md")

    def test_an_unknown_rule_is_refused_with_the_mend(self, alerts: Alerts) -> None:
        with pytest.raises(WrongUse, match=r"alerts\.yaml"):
            alerts.open("no_such_rule", "k", 1, T0)


class AuditContract:
    def test_rows_are_chained_and_the_chain_holds(self, audit: Audit) -> None:
        first = audit.append("ada", "table.purge", "bronze_events", {"rows": 3, "reason": "retention"}, T0)
        second = audit.append("bob", "dlq.replay", "telemetry-dlq", {"grüße": [1, 2]}, T0 + timedelta(seconds=1))
        assert (first.sequence, first.previous_hash) == (1, GENESIS)
        assert (second.sequence, second.previous_hash) == (2, first.hash)
        assert audit.rows() == [first, second]
        assert audit.verify(head=second.hash) == 2
        with pytest.raises(BrokenChain, match="audit row 3"):
            audit.verify(head="f" * 64)
        changed = [replace(first, actor="eve"), second]
        assert chain_faults(changed) == (1, "its content does not fit its hash")
        rehashed = replace(first, actor="eve", hash="")
        assert chain_faults([replace(rehashed, hash=rehashed.expected_hash()), second])[0] == 2  # type: ignore[index]
        assert chain_faults([second])[0] == 1  # type: ignore[index]
