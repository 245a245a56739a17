"""The command's front door: help, exit codes, one sentence an error."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

from acme_lib.cli import COMMANDS


def acme(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "acme_lib.cli", *args],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        check=False,
    )


def test_help_lists_every_command() -> None:
    done = acme("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in COMMANDS)


def test_an_unknown_command_is_wrong_use() -> None:
    done = acme("brige")
    assert (done.returncode, done.stderr) == (2, "acme: no command 'brige'; `acme --help` lists them\n")


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_its_app(name: str) -> None:
    assert hasattr(import_module(COMMANDS[name][0]), "app")


def test_a_bad_setting_names_key_and_mend() -> None:
    done = acme("run", ACME_BROKER__PORT="99999")
    assert done.returncode == 2
    assert done.stderr.startswith(
        "acme run: setting broker.port: Input should be less than or equal to 65535, got '99999'; correct it in acme.toml or ACME_BROKER__PORT"
    )


def test_a_bad_option_names_it() -> None:
    done = acme("run", "--source", "scada")
    assert done.returncode == 2
    assert "source" in done.stderr
    assert "Traceback" not in done.stderr
