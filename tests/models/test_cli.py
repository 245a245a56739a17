"""`acme model`: what is registered, who serves, and how that changes; each move is audited."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from acme_lib import monitoring, runtime
from acme_lib.errors import Stop, WrongUse
from acme_lib.models import tracking
from acme_lib.models.cli import app
from acme_lib.models.registry import MemoryRegistry
from acme_lib.models.store import MemoryStore
from acme_lib.monitoring import JsonlAudit


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[MemoryRegistry, JsonlAudit, MemoryStore]:
    """Two versions whose gates held, and one whose did not."""
    registry, audit, store = MemoryRegistry(tmp_path / "registry"), JsonlAudit(tmp_path / "audit.jsonl"), MemoryStore()
    (tmp_path / "model").mkdir()
    for said in ("passed", "passed", "failed"):
        registry.add("acme-rul", tmp_path / "model", "run", {"validation": said})
    monkeypatch.setattr(tracking, "registry", lambda: registry)
    monkeypatch.setattr(runtime, "lakehouse", lambda: store)
    monkeypatch.setattr(monitoring, "audit_at", lambda lake: audit)
    return registry, audit, store


def told(*command: str) -> Any:
    done = CliRunner().invoke(app, [*command, "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_promoted_and_rolled_back_with_a_row_of_audit_each(plant: Any) -> None:
    registry, audit, store = plant
    told("promote", "acme-rul", "1", "--why", "first")
    assert told("promote", "acme-rul", "2", "--why", "better") == {
        "done": "promote", "model": "acme-rul", "version": "2", "alias": "production",
    }  # fmt: skip
    assert told("rollback", "acme-rul", "--why", "residuals drift")["version"] == "1"
    assert registry.holder("acme-rul", "production").version == "1"
    moves = [(r.action, json.loads(r.detail)) for r in audit.rows()]
    assert [(what, d["from"], d["to"], d["why"]) for what, d in moves] == [
        ("model.promote", None, "1", "first"), ("model.promote", "1", "2", "better"), ("model.rollback", "2", "1", "residuals drift"),
    ]  # fmt: skip
    exported = {r["version"]: r["aliases"] for r in store.read("ml_model_registry").to_pylist()}
    assert exported == {"1": ["production"], "2": [], "3": []}


def test_a_version_that_failed_is_refused_and_moves_nothing(plant: Any) -> None:
    registry, audit, _ = plant
    with pytest.raises(Stop, match="validation is 'failed'"):
        told("promote", "acme-rul", "3", "--why", "hope")
    with pytest.raises(WrongUse, match="say why"):
        told("promote", "acme-rul", "1", "--why", " ")
    with pytest.raises(WrongUse, match="version 9: not in the registry"):
        told("promote", "acme-rul", "9", "--why", "guess")
    with pytest.raises(Stop, match="no version before"):
        told("rollback", "acme-rul", "--why", "panic")
    assert (registry.holder("acme-rul", "production"), audit.rows()) == (None, [])


def test_the_list_says_who_serves_for_people_and_machines(plant: Any) -> None:
    told("promote", "acme-rul", "2", "--why", "better", "--alias", "staging")
    assert [(v["version"], v["aliases"], v["validation"]) for v in told("list")["versions"]] == [
        ("1", "", "passed"), ("2", "staging", "passed"), ("3", "", "failed"),
    ]  # fmt: skip
    assert "staging" in CliRunner().invoke(app, ["list"]).output
