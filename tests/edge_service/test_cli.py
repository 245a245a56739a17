"""acme-edge as people and machines meet it: examples first, exit codes, one sentence an error."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog

from acme_lib.settings import settings
from edge_service import cli

Edge = Callable[..., tuple[int, str, str]]


@pytest.fixture
def edge(shop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command in this process: exit code, stdout, stderr."""
    for name, value in (("BUNDLES", shop.bundles), ("TRUST", shop.trust), ("STATE", tmp_path / "edge")):
        monkeypatch.setenv(f"ACME_EDGE__{name}", str(value))
    monkeypatch.setenv("ACME_HOME", str(tmp_path / "home"))

    def run(*args: str) -> tuple[int, str, str]:
        settings.cache_clear()
        with pytest.raises(SystemExit) as ended:
            cli.main(list(args))
        out = capsys.readouterr()
        return int(ended.value.code or 0), out.out, out.err

    yield run
    settings.cache_clear()
    structlog.reset_defaults()


def test_check_judges_and_changes_nothing(shop: Any, tmp_path: Path, edge: Edge) -> None:
    assert edge("check")[0] == 1
    shop.make(1)
    code, out, _ = edge("check", "--json")
    assert (code, json.loads(out)["models"][0]["modelVersion"]) == (0, "1")
    (shop.make(2) / "MODEL_CARD.md").unlink()
    code, out, _ = edge("check")
    assert code == 1
    assert "refused  rul-2 TAMPERED" in out
    assert not (tmp_path / "edge" / "counters.json").exists()


def test_check_without_a_trust_root_is_wrong_use(shop: Any, edge: Edge) -> None:
    for path in shop.trust.iterdir():
        path.unlink()
    code, _, err = edge("check")
    assert (code, err.count("\n"), "acme bundle keys" in err) == (2, 1, True)


def test_rollback_without_a_service_says_so(edge: Edge) -> None:
    code, _, err = edge("rollback")
    assert (code, "no service runs" in err) == (1, True)


@pytest.mark.parametrize(
    ("args", "code"), [(["--help"], 0), (["serve", "--help"], 0), (["serv"], 2), (["check", "-x"], 2)]
)
def test_help_opens_with_an_example_and_wrong_use_is_2(edge: Edge, args: list[str], code: int) -> None:
    found, out, _ = edge(*args)
    assert found == code
    assert code or out.startswith("Example: acme-edge")


def test_a_wrong_setting_is_named(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_EDGE__PORT", "x")
    code, _, err = edge("check")
    assert (code, "ACME_EDGE__PORT" in err) == (2, True)
