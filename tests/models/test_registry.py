"""Registries keep one contract; moving an alias is asked, audited and undone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acme_lib.errors import Stop, WrongUse
from acme_lib.models.promotion import export, promote, rollback
from acme_lib.models.registry import MemoryRegistry, Registry
from acme_lib.models.store import MemoryStore
from acme_lib.monitoring import JsonlAudit
from tests.models.registry_contract import RegistryContract

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


class TestMemoryRegistry(RegistryContract):
    @pytest.fixture
    def registry(self, tmp_path: Path) -> Registry:
        return MemoryRegistry(tmp_path / "registry")


@pytest.mark.ml
class TestMlflowRegistry(RegistryContract):
    @pytest.fixture
    def registry(self, home: Path) -> Registry:
        from acme_lib.models import tracking

        found: Registry = tracking.registry()
        return found

    @pytest.fixture
    def run_id(self, registry: Registry) -> str:
        from acme_lib.models import tracking

        return str(tracking.client().create_run(tracking.experiment("x")).info.run_id)

    def test_the_card_that_validation_leaves_in_the_run_is_found(self, registry: Registry, folder: Path, run_id: str) -> None:  # fmt: skip
        from acme_lib.models import tracking

        registry.add("acme-x", folder, run_id, {})
        tracking.client().log_text(run_id, "# x, version 1\n", "validation/MODEL_CARD.md")
        assert registry.finished_card("acme-x", "1") == b"# x, version 1\n"


@pytest.fixture
def registry(tmp_path: Path) -> MemoryRegistry:
    """Versions 1 and 2 passed their gates, 3 failed them, 4 was never validated."""
    (tmp_path / "model").mkdir()
    made = MemoryRegistry(tmp_path / "registry")
    for verdict in ("passed", "passed", "failed", "open"):
        made.add("acme-x", tmp_path / "model", "", {"validation": verdict})
    return made


@pytest.fixture
def audit(tmp_path: Path) -> JsonlAudit:
    return JsonlAudit(tmp_path / "audit.jsonl")


def test_promotion_says_who_when_from_to_and_why(registry: MemoryRegistry, audit: JsonlAudit) -> None:
    promote(registry, audit, "ana", "acme-x", "1", "production", "first", NOW)
    promote(registry, audit, "ben", "acme-x", "2", "production", "better", NOW)
    last = audit.rows()[-1]
    assert (last.actor, last.action, last.subject, last.at_utc) == ("ben", "model.promote", "acme-x", NOW)
    assert json.loads(last.detail) == {"alias": "production", "from": "1", "to": "2", "why": "better"}
    assert audit.verify() == 2


@pytest.mark.parametrize("version", ["3", "4"])
def test_a_failing_candidate_never_moves_an_alias(registry: MemoryRegistry, audit: JsonlAudit, version: str) -> None:
    promote(registry, audit, "ana", "acme-x", "1", "production", "first", NOW)
    with pytest.raises(Stop, match="validate_register"):
        promote(registry, audit, "ana", "acme-x", version, "production", "hope", NOW)
    held = registry.holder("acme-x", "production")
    assert held is not None
    assert held.version == "1"
    assert len(audit.rows()) == 1


def test_rollback_goes_back_one_and_then_there_is_nothing_before(registry: MemoryRegistry, audit: JsonlAudit) -> None:
    for version in ("1", "2"):
        promote(registry, audit, "ana", "acme-x", version, "production", "go", NOW)
    assert rollback(registry, audit, "ana", "acme-x", "production", "drift", NOW).version == "1"
    with pytest.raises(Stop, match="no version before"):
        rollback(registry, audit, "ana", "acme-x", "production", "more", NOW)
    with pytest.raises(Stop, match="no version before"):
        rollback(registry, audit, "ana", "acme-x", "staging", "never was", NOW)


def test_a_move_needs_a_known_alias_and_a_reason(registry: MemoryRegistry, audit: JsonlAudit) -> None:
    with pytest.raises(WrongUse, match="aliases are"):
        promote(registry, audit, "ana", "acme-x", "1", "champion", "go", NOW)
    with pytest.raises(WrongUse, match="say why"):
        promote(registry, audit, "ana", "acme-x", "1", "staging", " ", NOW)


def test_the_registry_is_exported_whole_each_time(registry: MemoryRegistry, audit: JsonlAudit) -> None:
    store = MemoryStore()
    export(registry, store, NOW)
    promote(registry, audit, "ana", "acme-x", "2", "staging", "go", NOW)
    assert export(registry, store, NOW) == 4
    rows = {r["version"]: r for r in store.read("ml_model_registry").to_pylist()}
    assert (rows["2"]["aliases"], rows["2"]["stage"], rows["1"]["aliases"]) == (["staging"], "Staging", [])
    assert json.loads(rows["3"]["tags_json"]) == {"validation": "failed"}
