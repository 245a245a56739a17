"""`acme bundle` as people and machines meet it: examples first, exit codes, one sentence an error."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acme_lib import cli
from acme_lib.models.bundle import load_key
from acme_lib.models.bundle.assemble import assemble


def acme(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["acme", *args])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    out = capsys.readouterr()
    return int(ended.value.code or 0), out.out, out.err


@pytest.mark.parametrize("command", [(), ("keys",), ("build",), ("verify",)])
def test_help_opens_with_an_example(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = acme(monkeypatch, capsys, "bundle", *command, "--help")
    assert code == 0
    assert "Example: acme bundle" in "\n".join(out.splitlines()[:6])


def test_keys_then_a_bundle_that_is_genuine_until_a_byte_changes(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = acme(monkeypatch, capsys, "bundle", "keys", "--json")
    made = json.loads(out)
    assert (code, len(made["key_id"])) == (0, 16)
    code, _, err = acme(monkeypatch, capsys, "bundle", "keys")
    assert code == 2
    assert "not overwritten" in err
    folder = assemble(
        {"model.onnx": b"model"}, home / "bundle", load_key(Path(made["private"])), use_case="rul", model_version="3",
        feature_table_version="turbofan-0123456789ab", counter=4, created=datetime(2026, 11, 25, tzinfo=UTC),
    )  # fmt: skip
    code, out, _ = acme(monkeypatch, capsys, "bundle", "verify", str(folder), "--json")
    assert (code, json.loads(out)["genuine"], json.loads(out)["counter"]) == (0, True, 4)
    code, out, _ = acme(monkeypatch, capsys, "bundle", "verify", str(folder), "--min-counter", "5", "--json")
    assert (code, json.loads(out)["code"]) == (1, "DOWNGRADE")
    (folder / "model.onnx").write_bytes(b"modem")
    code, _, err = acme(monkeypatch, capsys, "bundle", "verify", str(folder))
    assert code == 1
    assert err.count("\n") == 1
    assert "is not what was signed" in err
