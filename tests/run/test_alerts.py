"""The bridge's alerts reach a reader beside those of the lakehouse."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from acme_lib.bridge import assemble
from acme_lib.run.alerts import alerts
from acme_lib.run.evidence import Evidence
from acme_lib.settings import Settings


def at(minute: int) -> datetime:
    return datetime(2026, 11, 24, 23, minute, tzinfo=UTC)


def test_what_the_bridge_has_open_comes_first_and_what_it_closed_does_not(tmp_path: Path) -> None:
    found = Settings(home=tmp_path)
    bridge = assemble.alerts(found)  # the file the bridge itself writes
    bridge.open("journal_frame_corrupt", "7..9", "checksum", at(1))
    bridge.open("journal_disk_high", "bridge-1", 0.81, at(2))
    bridge.close("journal_disk_high", "bridge-1", at(3))
    bridge.open("ledger_unbalanced", "bridge-1", 3, at(4))
    evidence = Evidence(found.lakehouse_dir, None)
    evidence.db.execute(
        "INSERT INTO ops_alerts (rule, severity, key, value, opened_utc, runbook) "
        "VALUES ('schema_drift_new_field', 'warning', 'firmware', 't', TIMESTAMP '2026-11-24 23:30:00', 'docs/runbooks/schema-drift.md')"
    )
    shown = alerts(evidence, found.folder("ops"))
    assert [(a["rule"], a["key"], a["value"]) for a in shown] == [
        ("ledger_unbalanced", "bridge-1", "3"),
        ("journal_frame_corrupt", "7..9", "checksum"),
        ("schema_drift_new_field", "firmware", "t"),
    ]
    assert shown[0]["runbook"] == "docs/runbooks/ledger.md"


def test_a_bridge_that_never_ran_has_none(tmp_path: Path) -> None:
    assert alerts(Evidence(tmp_path, None), tmp_path / "ops") == []
