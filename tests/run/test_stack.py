"""The stack ends what it began, also a part that never became ready."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.processes import Process
from acme_lib.run.stack import Stack
from acme_lib.settings import Settings


def interrupted() -> bool:
    raise KeyboardInterrupt


def test_a_part_interrupted_before_it_is_ready_is_ended_in_order(tmp_path: Path) -> None:
    stack = Stack(Settings(home=tmp_path))
    part = Process("part", ["sleep", "60"], tmp_path / "part.log", ready=interrupted)
    with pytest.raises(KeyboardInterrupt):
        stack._enter(part)
    assert part.alive()
    stack.__exit__()
    assert part.exit_code == -15  # SIGTERM: it could end in order
