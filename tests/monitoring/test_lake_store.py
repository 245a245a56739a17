"""Alerts, audit and run records in the lakehouse keep the same promises."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from acme_lib.monitoring import BrokenChain, LakeAlerts, LakeAudit, RunRecord, save_run

sys.path.insert(0, str(Path(__file__).parent))
from monitoring_contracts import T0, AlertsContract, AuditContract

pytestmark = pytest.mark.spark


class TestLakeAlerts(AlertsContract):
    @pytest.fixture
    def alerts(self, lake) -> LakeAlerts:  # type: ignore[no-untyped-def]
        return LakeAlerts(lake)


class TestLakeAudit(AuditContract):
    @pytest.fixture
    def audit(self, lake) -> LakeAudit:  # type: ignore[no-untyped-def]
        return LakeAudit(lake)


def test_an_altered_row_of_the_table_is_named(lake) -> None:  # type: ignore[no-untyped-def]
    audit = LakeAudit(lake)
    for n in range(2):
        audit.append("ada", "acl.change", f"role-{n}", {}, T0)
    lake.delta("ops_audit").update("sequence = 2", {"actor": "'eve'"})
    with pytest.raises(BrokenChain, match="audit row 2"):
        audit.verify()


def test_a_run_record_saved_twice_is_one_row(lake) -> None:  # type: ignore[no-untyped-def]
    for rows in (1, 2):
        save_run(lake, RunRecord("r'1", "gold", T0, rows_out=rows, counters={"touched_hours": 4}))
    save_run(lake, RunRecord("r'1", "silver", T0))
    found = {r["job"]: r for r in lake.read("ops_runs").collect()}
    assert (found["gold"]["rows_out"], found["gold"]["counters"]) == (2, '{"touched_hours": 4}')
    assert len(found) == 2
