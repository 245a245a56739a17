"""What is declared is read: a fact without a reader is a promise nobody keeps."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

from acme_lib.contracts import contracts

CODE = Path(__file__).parents[2] / "acme_lib"


@lru_cache(maxsize=1)
def words() -> frozenset[str]:
    """Every string constant of the code."""
    trees = (ast.parse(path.read_bytes()) for path in CODE.rglob("*.py"))
    nodes = (node for tree in trees for node in ast.walk(tree))
    return frozenset(n.value for n in nodes if isinstance(n, ast.Constant) and isinstance(n.value, str))


@pytest.mark.parametrize("rule", [rule.name for rule in contracts().alerts.rules])
def test_every_alert_rule_is_raised_somewhere(rule: str) -> None:
    assert rule in words(), f"alert rule {rule}: nobody in acme_lib raises it; raise it, or remove it from alerts.yaml"
