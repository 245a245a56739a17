"""What a command says of itself is shown whole: markup must not swallow the name of a settings section."""

from __future__ import annotations

from importlib import import_module

import pytest
from typer.testing import CliRunner

from acme_lib.cli import COMMANDS


@pytest.mark.parametrize("command", ["broker", "bridge"])
def test_help_names_the_settings_section(command: str) -> None:
    shown = CliRunner().invoke(import_module(COMMANDS[command][0]).app, ["--help"]).output
    assert f"[{command}] in acme.toml" in " ".join(shown.split())
