"""Ingest's word on its subscription ends nothing where it can't be written, and is read as a whole word."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.presence import announce, ingest_state
from acme_lib.journal.files import hold


@pytest.fixture
def files(tmp_path: Path) -> BridgeFiles:
    found = BridgeFiles(tmp_path / "journal")
    hold(found.journal_path.with_suffix(".lock"), "journal")  # ingest lives
    return found


def test_each_word_takes_the_place_of_the_one_before_and_no_more_space(files: BridgeFiles) -> None:
    sizes = []
    for connected, word in ((False, "disconnected"), (True, "connected"), (False, "disconnected")):
        announce(files, connected)
        assert ingest_state(files) == word
        sizes.append((files.folder / "ingest.state").stat().st_size)
    assert len(set(sizes)) == 1


def test_a_word_that_could_not_be_written_is_disconnected(files: BridgeFiles) -> None:
    (files.folder / "ingest.state").touch()  # made, but the disk had no byte for it
    assert ingest_state(files) == "disconnected"


def test_where_nothing_can_be_written_ingest_goes_on(files: BridgeFiles) -> None:
    state = files.folder / "ingest.state"
    state.symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        state.write_text("connected")  # what announce must not raise
    announce(files, True)
    announce(BridgeFiles(files.folder / "none"), True)
    assert not (files.folder / "none").exists()
