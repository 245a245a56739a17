"""A bit that flips in what no checksum covers: counts, in their row or in the index that repeats them, and other text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.journal import SqliteJournal
from tests.journal.volumes import ALL, lose, mirrored, some


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.db", writer=True)


def rot(path: Path, where: str, at: int, bit: int) -> None:
    """Flips one bit of the `at`-th frame's counts, in its row or in the index that repeats them."""
    raw = bytearray(path.read_bytes())
    every = [m.start() for m in re.finditer(rb"telemetry=3", raw)]
    rows = [m.start() for m in re.finditer(rb"telemetry=3(?=\x28\xb5\x2f\xfd)", raw)]  # the frame's body follows
    raw[(rows if where == "row" else [n for n in every if n not in rows])[at]] ^= bit
    path.write_bytes(raw)


@pytest.mark.parametrize("where", ["row", "index"])
@pytest.mark.parametrize("bit", [0x80, 0x01])  # no longer UTF-8; still a name
def test_counts_that_rot_cost_no_entry_and_the_frame_can_be_deleted(
    journal: SqliteJournal, where: str, bit: int
) -> None:
    for first in (1, 4, 7):
        journal.append(some(first), 5)
    journal.close()
    rot(journal.path, where, 1, bit)
    again = SqliteJournal(journal.path, writer=True)
    assert [entry for f in again.frames(0, ALL) for entry in f.entries] == [e for n in (1, 4, 7) for e in some(n)]
    assert (again.remaining(0), again.remaining(3)) == ({"telemetry": 9}, {"telemetry": 6})
    assert again.prune(9) > 0
    assert again.frames(0, ALL) == []
    assert again.append(some(10), 6) == 12
    assert again.remaining(0) == {"telemetry": 3}


def test_a_mirror_takes_over_rotten_counts_as_they_lie(tmp_path: Path) -> None:
    journal = mirrored(tmp_path)
    journal.append(some(1), 1)
    journal.close()
    rot(tmp_path / "a" / "journal.db", "row", 0, 0x80)
    lose(tmp_path / "b")
    mirrored(tmp_path).close()
    assert [f.entries for f in SqliteJournal(tmp_path / "b" / "journal.db").frames(0, ALL)] == [some(1)]


def test_other_text_that_rots_is_called_a_damaged_file(journal: SqliteJournal) -> None:
    journal._db.execute("insert into counter values(cast(x'ff' as text), 1)")
    with pytest.raises(Stop, match="section Damaged file"):
        journal.counters()
