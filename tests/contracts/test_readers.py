"""What is declared is read: a fact without a reader is a promise nobody keeps."""

from __future__ import annotations

import ast
import shutil
from functools import lru_cache
from pathlib import Path

import pytest

from acme_lib.bridge import ledger
from acme_lib.contracts import Contracts, contracts
from acme_lib.contracts._operations import Environment

CODE = Path(__file__).parents[2] / "acme_lib"


@lru_cache(maxsize=1)
def nodes() -> tuple[ast.AST, ...]:
    trees = (ast.parse(path.read_bytes()) for path in CODE.rglob("*.py"))
    return tuple(node for tree in trees for node in ast.walk(tree))


def words() -> set[str]:
    """Every string constant of the code."""
    return {n.value for n in nodes() if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def attributes() -> set[str]:
    """Every attribute that the code asks something for."""
    return {n.attr for n in nodes() if isinstance(n, ast.Attribute)}


@pytest.mark.parametrize("rule", [rule.name for rule in contracts().alerts.rules])
def test_every_alert_rule_is_raised_somewhere(rule: str) -> None:
    assert rule in words(), f"alert rule {rule}: nobody in acme_lib raises it; raise it, or remove it from alerts.yaml"


def test_every_fact_of_an_environment_is_read() -> None:
    assert set(Environment.__struct_fields__) - {"description"} <= attributes()


def status(**over: object) -> ledger.Status:
    """A healthy bridge's ledger but for what is given."""
    numbers = dict.fromkeys(ledger.Status.__dataclass_fields__, 0)
    healthy = {**numbers, "dead_lettered": {}, "dead_lettered_by_detail": {}, "balanced": True, "by_hub": {}}
    return ledger.Status(**{**healthy, **over})  # type: ignore[arg-type]


def test_the_ledger_judges_by_the_declared_thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = {m.name: m.threshold for m in contracts().metrics.metrics if m.threshold is not None}
    assert declared == {"acme_bridge_buffered": 1_000_000, "acme_bridge_oldest_unsent_seconds": 300}
    assert status(buffered=1_000_000, oldest_unsent_s=300.0).complaints == []
    shutil.copytree(CODE / "contracts", tmp_path / "c")
    file = tmp_path / "c" / "metrics.yaml"
    file.write_text(
        file.read_text().replace("threshold: 1000000", "threshold: 9").replace("threshold: 300", "threshold: 7")
    )
    monkeypatch.setattr(ledger, "contracts", lambda: Contracts(tmp_path / "c"))
    assert status(buffered=9, oldest_unsent_s=7.0).complaints == []
    many, old = status(buffered=10, oldest_unsent_s=8.0).complaints
    assert many.startswith("10 messages wait")
    assert old.startswith("the oldest message waits for 8 s")
