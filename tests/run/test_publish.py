"""What a run publishes: the files' readings, counted apart from the command that writes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.run.options import RunOptions
from acme_lib.run.publish import held

LINE = "-0.0007 -0.0004 100.0 " + " ".join(f"{n}.5" for n in range(1, 22))


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Engine 1 of the training file runs two cycles, engine 2 one; the test file's engine one."""
    (tmp_path / "train_FD001.txt").write_text(f"1 1 {LINE}\n1 2 {LINE}\n2 1 {LINE}\n")
    (tmp_path / "test_FD001.txt").write_text(f"1 1 {LINE}\n")
    return tmp_path


def test_readings_are_counted_by_the_hub_of_their_file(files: Path) -> None:
    # a cycle has 24 readings; an engine of the training file ends with a failure
    ((hub, count),) = held(RunOptions(source="cmapss", data=files)).items()
    assert (hub.split("@")[0], count) == ("backfill/cmapss/fd001/train", 3 * 24 + 2)


def test_models_need_the_test_file_too(files: Path) -> None:
    found = held(RunOptions(source="cmapss", data=files, ml=True))
    assert {hub.split("@")[0]: n for hub, n in found.items()} == {
        "backfill/cmapss/fd001/train": 74,
        "backfill/cmapss/fd001/test": 24,
    }
