"""Alerts and audit in files keep the ports' promises and survive torn and altered lines."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.monitoring import BrokenChain, JsonlAlerts, JsonlAudit, alerts_at, audit_at, open_alert

sys.path.insert(0, str(Path(__file__).parent))
from monitoring_contracts import DRIFT, T0, AlertsContract, AuditContract


class TestJsonlAlerts(AlertsContract):
    @pytest.fixture
    def alerts(self, tmp_path: Path) -> JsonlAlerts:
        return JsonlAlerts(tmp_path / "ops" / "alerts.jsonl")


class TestJsonlAudit(AuditContract):
    @pytest.fixture
    def audit(self, tmp_path: Path) -> JsonlAudit:
        return JsonlAudit(tmp_path / "ops" / "audit.jsonl")


def test_a_torn_last_line_costs_no_later_alert(tmp_path: Path) -> None:
    path = tmp_path / "alerts.jsonl"
    path.write_bytes(b'{"alert_id": "torn')
    assert open_alert(path, DRIFT, "fanSpeed", 1, T0)
    assert [a.key for a in alerts_at(path).rows()] == ["fanSpeed"]


@pytest.mark.parametrize("row", [1, 2, 3])
def test_verify_names_the_first_altered_row(tmp_path: Path, row: int) -> None:
    audit = audit_at(tmp_path / "audit.jsonl")
    for n in range(3):
        audit.append("ada", "acl.change", f"role-{n}", {"n": n}, T0)
    lines = (tmp_path / "audit.jsonl").read_text().splitlines()
    lines[row - 1] = lines[row - 1].replace("ada", "eve")
    (tmp_path / "audit.jsonl").write_text("\n".join(lines) + "\n")
    with pytest.raises(BrokenChain, match=f"audit row {row}: its content") as caught:
        audit.verify()
    assert caught.value.sequence == row


def test_a_line_that_is_no_row_breaks_the_chain(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").write_text("{}\n")
    with pytest.raises(BrokenChain, match="audit row 1: not a row"):
        audit_at(tmp_path / "audit.jsonl").verify()


def test_a_file_whose_lock_cant_be_made_stops_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "ops").write_text("no folder")
    alerts = JsonlAlerts(tmp_path / "ops" / "alerts.jsonl")
    with pytest.raises(Stop, match=r"alerts\.jsonl: can't write .*free or replace the disk"):
        alerts.open("journal_disk_full", "bridge-1", 1, datetime(2026, 11, 24, tzinfo=UTC))
