"""The local session's settings."""

from __future__ import annotations

from pathlib import Path

from acme_lib.runtime import JAVA_OPTIONS, java_options
from acme_lib.settings import load


def test_javas_options_follow_the_work_unless_set(home: Path) -> None:
    assert java_options(load()) == JAVA_OPTIONS["short"]
    assert java_options(load(lake={"work": "long"})) == JAVA_OPTIONS["long"]
    assert java_options(load(lake={"work": "long", "java_options": ""})) == ""
