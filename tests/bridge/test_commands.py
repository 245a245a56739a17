"""Commands and metrics translate the ledger; they decide nothing."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from acme_lib.bridge import BridgeFiles, ready
from acme_lib.bridge.exposition import LedgerCollector, samples
from acme_lib.bridge.presence import announce, egress_state, ingest_state
from acme_lib.bridge.watch import Watch
from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.journal import Corrupt, Entry, Lane, Progress, SqliteJournal
from acme_lib.settings import settings


def a_bridge(home: Path) -> BridgeFiles:
    """Ten accepted: seven delivered, one dead letter delivered, two buffered."""
    files = BridgeFiles.of(settings())
    journal = SqliteJournal(files.journal_path, writer=True)
    entries = [Entry("telemetry", "k", b"{}")] * 9 + [Entry("telemetry-dlq", "k", b"{}")]
    journal.append([entries[9], *entries[:7]], 1, {"dead_lettered/SCHEMA_INVALID/NOT_JSON": 1})
    journal.append(entries[7:9], 9)
    journal.close()
    cursors = files.cursors(writer=True)
    lanes = [Lane(h, p) for h in ("telemetry", "telemetry-dlq") for p in range(4)]
    counts = {
        "delivered/telemetry": 7,
        "delivered/telemetry-dlq": 1,
        "redelivered/telemetry": 3,
        "retries/telemetry": 2,
    }
    cursors.commit(Progress(dict.fromkeys(lanes, 8), counts))
    cursors.close()
    return files


@pytest.fixture
def status(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    from acme_lib.bridge.cli import app

    def call(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            app(args=["status", *words])
        return int(left.value.code or 0), capsys.readouterr().out

    return call


def test_status_names_every_key_of_the_ledger_and_complains_of_old_messages(
    home: Path, status: Callable[..., tuple[int, str]]
) -> None:
    a_bridge(home)
    code, out = status("--json")
    found: dict[str, Any] = json.loads(out)
    assert code == 1
    assert found["complaints"] == [c for c in found["complaints"] if "oldest message" in c] != []
    expected = {
        "accepted": 10, "delivered": 7, "buffered": 2, "dead_lettered": {"SCHEMA_INVALID": 1}, "redelivered": 3, "retries": 2,
        "dead_lettered_by_detail": {"SCHEMA_INVALID/NOT_JSON": 1}, "dead_letters_delivered": 1, "balanced": True,
        "ingest": "stopped", "egress": "stopped",
    }  # fmt: skip
    assert {k: found[k] for k in expected} == expected
    assert found["disk_bytes"] > 0
    assert found["oldest_unsent_s"] > 1e9


def test_a_lost_frame_unbalances_the_ledger_and_status_is_unhealthy(
    home: Path, status: Callable[..., tuple[int, str]]
) -> None:
    import sqlite3

    files = a_bridge(home)
    with sqlite3.connect(files.journal_path) as db:
        db.execute("delete from frame where last = 10")
    db.close()
    code, out = status()
    assert code == 1
    assert "does not balance" in out


def test_quarantine_is_a_complaint(home: Path, status: Callable[..., tuple[int, str]]) -> None:
    files = a_bridge(home)
    cursors = files.cursors(writer=True)
    lost = Corrupt(9, 10, 1, {"telemetry": 2}, b"", "checksum")
    cursors.commit(Progress({}, {"quarantined/telemetry": 2}, [lost]))
    cursors.close()
    code, out = status("--json")
    found = json.loads(out)
    assert (code, found["quarantined"], found["buffered"], found["balanced"]) == (1, 2, 0, True)


def test_every_bridge_metric_of_the_contract_is_exposed_with_its_labels(home: Path) -> None:
    from acme_lib.bridge import assemble

    a_bridge(home)
    declared = {m.name: m for m in contracts().metrics.metrics if m.owner == "bridge"}
    found = samples(assemble.status(settings()))
    assert set(found) == set(declared)
    for name, values in found.items():
        assert values, name
        assert all(len(labels) == len(declared[name].labels) for labels, _ in values)
    families = {f.name for f in LedgerCollector(settings()).collect()}
    assert "acme_bridge_buffered" in families


def test_before_the_first_start_nothing_is_exposed(home: Path) -> None:
    assert list(LedgerCollector(settings()).collect()) == []


def test_presence_counts_only_while_the_process_lives(home: Path) -> None:
    files = BridgeFiles.of(settings())
    assert (ingest_state(files), egress_state(files), ready(settings())) == ("stopped", "stopped", False)
    journal = SqliteJournal(files.journal_path, writer=True)
    announce(files, True)
    assert ready(settings())
    announce(files, False)
    assert ingest_state(files) == "disconnected"
    announce(files, True)
    journal.close()
    assert ingest_state(files) == "stopped"


def test_a_second_ingest_is_refused_before_it_touches_the_broker(home: Path) -> None:
    from acme_lib.bridge import assemble

    files = BridgeFiles.of(settings())
    held = SqliteJournal(files.journal_path, writer=True)
    with pytest.raises(Stop, match="another process"):
        assemble.ingest(settings(), threading.Event())
    held.close()


def test_a_mirror_that_cannot_be_opened_names_the_setting(home: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Stop, match=r"bridge\.mirror"):
        BridgeFiles(tmp_path / "journal", tmp_path / "file").writer("telemetry-dlq")


class Bell:
    def __init__(self) -> None:
        self.rung: list[str] = []

    def open(self, rule: str, key: str, value: object, now: datetime) -> bool:
        self.rung.append(f"open {rule}")
        return True

    def close(self, rule: str, key: str, now: datetime) -> int:
        self.rung.append(f"close {rule}")
        return 1


def test_two_unbalanced_looks_raise_one_alert_and_a_balanced_one_closes_it(home: Path) -> None:
    from acme_lib.bridge import assemble

    a_bridge(home)
    good = assemble.status(settings())
    looks = iter([replace(good, balanced=b) for b in (True, False, True, False, False, False, True)])
    bell = Bell()
    watch = Watch(lambda: next(looks), bell, "bridge-1", every_s=1.0)
    rung = []
    for second in range(1, 8):
        watch.look(second + 0.5, datetime(2026, 1, 1, tzinfo=UTC))
        watch.look(second + 0.6, datetime(2026, 1, 1, tzinfo=UTC))
        rung.append(len(bell.rung))
    assert bell.rung == ["close ledger_unbalanced", "open ledger_unbalanced", "close ledger_unbalanced"]
    assert rung == [1, 1, 1, 1, 2, 2, 3]
