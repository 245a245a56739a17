"""What goes wrong with a disk, and what the journal makes of it: quarantine, wait, or stop; never silence."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from acme_lib.errors import Quarantine, Stop
from acme_lib.journal import (
    Corrupt,
    Cursors,
    Entry,
    Frame,
    JournalFull,
    Lane,
    Progress,
    SqliteJournal,
    decode,
    encode,
)
from acme_lib.journal.files import explained
from tests.journal.volumes import ALL, noise, some


def damage(path: Path, last: int, change: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"update frame set {change} where last = ?", (last,))
    db.close()


@pytest.fixture
def journal(tmp_path: Path) -> SqliteJournal:
    return SqliteJournal(tmp_path / "journal.db", writer=True)


@pytest.mark.parametrize(
    "change",
    [
        "body = cast(substr(body, 1, length(body) - 6) || x'010203040506' as blob)",  # the checksum's own bytes
        "body = substr(body, 1, 20)",
        "body = x''",
        "first = first + 1",
        "body = (select body from frame where last = 3)",  # whole, but of other numbers
    ],
)
def test_a_damaged_frame_is_reported_with_its_bytes_and_the_others_are_read(
    journal: SqliteJournal, change: str
) -> None:
    for first in (1, 4, 7):
        journal.append(some(first), 5)
    damage(journal.path, 6, change)
    found = journal.frames(0, ALL)
    assert [type(f) for f in found] == [Frame, Corrupt, Frame]
    bad = found[1]
    assert isinstance(bad, Corrupt)
    assert bad.last == 6
    assert bad.counts == {"telemetry": 3}


def test_every_flipped_bit_is_seen() -> None:
    blob = encode(1, some(1, 20))
    for at in range(len(blob)):
        changed = bytearray(blob)
        changed[at] ^= 0x10
        try:
            assert decode(1, bytes(changed)) == some(1, 20)  # a few header bits carry nothing
        except Quarantine:
            continue


def test_no_space_leaves_nothing_and_goes_on_when_space_returns(journal: SqliteJournal) -> None:
    journal.append(some(1), 1)
    pages = journal._db.execute("pragma page_count").fetchone()[0]
    journal._db.execute(f"pragma max_page_count = {pages}")
    large = [Entry("telemetry", "key", bytes(range(256)) * 2_000)]
    with pytest.raises(JournalFull, match="free some"):
        journal.append([Entry("telemetry", "k", noise(200_000))], 2, {"excluded": 1})
    assert journal.next_seq == 4
    assert journal.counters()["accepted/telemetry"] == 3
    assert "excluded" not in journal.counters()
    journal._db.execute("pragma max_page_count = 1073741823")
    assert journal.append(large, 2) == 4


def test_a_second_writer_is_refused(journal: SqliteJournal) -> None:
    with pytest.raises(Stop, match="another process holds"):
        SqliteJournal(journal.path, writer=True)
    assert SqliteJournal(journal.path).frames(0, ALL) == []


def test_a_file_that_is_no_journal_stops_with_the_runbook(tmp_path: Path) -> None:
    (tmp_path / "journal.db").write_bytes(b"no database" * 1000)
    with pytest.raises(Stop, match="bridge-buffer"):
        SqliteJournal(tmp_path / "journal.db")


def test_a_folder_that_cannot_be_written_stops(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Stop, match="make the folder writable"):
        SqliteJournal(tmp_path / "file" / "journal.db")


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("SQLITE_IOERR_FSYNC", "replace it"),
        ("SQLITE_CORRUPT", "bridge-buffer"),
        ("SQLITE_BUSY", "another program"),
        ("", "writable"),
    ],
)
def test_an_error_of_the_disk_stops_and_says_what_to_change(tmp_path: Path, code: str, mend: str) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = code
    with pytest.raises(Stop, match=mend), explained(tmp_path / "journal.db"):
        raise error


@pytest.mark.parametrize(
    "code", ["SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_SHMOPEN", "SQLITE_IOERR_WRITE", "SQLITE_CANTOPEN"]
)
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_error_for_want_of_space_asks_for_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, error: int
) -> None:
    raised = sqlite3.OperationalError("disk I/O error")
    raised.sqlite_errorname = code
    with pytest.raises(Stop), explained(tmp_path / "journal.db"):
        raise raised
    assert list(tmp_path.iterdir()) == []

    def full(*_: object) -> int:
        raise OSError(error, "no space")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(JournalFull, match="free some"), explained(tmp_path / "journal.db"):
        raise raised


def test_a_failed_fsync_stops_even_on_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raised = sqlite3.OperationalError("disk I/O error")
    raised.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    monkeypatch.setattr("acme_lib.journal.files._has_space", lambda folder: False)
    with pytest.raises(Stop, match="the disk failed"), explained(tmp_path / "journal.db"):
        raise raised


def test_a_start_that_finds_no_space_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise JournalFull("full; free some")

    with monkeypatch.context() as patch:
        patch.setattr("acme_lib.journal.files.open_db", full)
        with pytest.raises(JournalFull):
            SqliteJournal(tmp_path / "journal.db", writer=True)
    SqliteJournal(tmp_path / "journal.db", writer=True).close()


def test_many_may_open_a_new_file_at_the_same_moment(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from acme_lib.journal import SqliteJournal; SqliteJournal(Path(sys.argv[1]))"
    both = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "new" / "journal.db")]) for _ in range(4)]
    assert [child.wait(60) for child in both] == [0, 0, 0, 0]


# ---- mirror
def test_cursors_counters_and_quarantine_move_in_one_commit(tmp_path: Path) -> None:
    cursors = Cursors(tmp_path / "cursors.db", writer=True)
    assert cursors.lowest() == 0
    bad = Corrupt(4, 6, 1, {"telemetry": 3}, b"bytes", "checksum")
    a, b = Lane("telemetry", 0), Lane("telemetry", 1)
    cursors.commit(Progress({a: 9, b: 7}, {"delivered/telemetry": 5}, [bad]))
    cursors.commit(Progress({b: 8}, {"delivered/telemetry": 1}))
    cursors.close()
    again = Cursors(tmp_path / "cursors.db", writer=True)
    assert again.positions() == {a: 9, b: 8}
    assert again.lowest() == 8
    assert again.counters() == {"delivered/telemetry": 6}
    assert [(q.first, q.last, q.why) for q in again.quarantined()] == [(4, 6, "checksum")]
