"""What goes wrong with a disk, and what the journal makes of it: quarantine, wait, or stop; never silence."""

from __future__ import annotations

import errno
import re
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
    MirroredJournal,
    Progress,
    SqliteJournal,
    decode,
    encode,
)
from acme_lib.journal.files import explained

ALL = 1 << 30


def some(first: int, count: int = 3) -> list[Entry]:
    return [Entry("telemetry", "key", f"body {n}".encode()) for n in range(first, first + count)]


def damage(path: Path, last: int, change: str) -> None:
    with sqlite3.connect(path) as db:
        db.execute(f"update frame set {change} where last = ?", (last,))
    db.close()


def bodies(journal: SqliteJournal | MirroredJournal) -> list[bytes]:
    return [e.body for f in journal.frames(0, ALL) if isinstance(f, Frame) for e in f.entries]


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
        journal.append([Entry("telemetry", "k", _noise(200_000))], 2, {"excluded": 1})
    assert journal.next_seq == 4
    assert journal.counters()["accepted/telemetry"] == 3
    assert "excluded" not in journal.counters()
    journal._db.execute("pragma max_page_count = 1073741823")
    assert journal.append(large, 2) == 4


def _noise(size: int) -> bytes:
    import random

    return random.Random(1).randbytes(size)


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
def mirrored(tmp_path: Path) -> MirroredJournal:
    return MirroredJournal(
        SqliteJournal(tmp_path / "a" / "journal.db", writer=True),
        SqliteJournal(tmp_path / "b" / "journal.db", writer=True),
    )


def lose(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


@pytest.mark.parametrize("lost", ["a", "b"])
def test_a_lost_volume_is_restored_whole_from_the_other(tmp_path: Path, lost: str) -> None:
    journal = mirrored(tmp_path)
    for first in (1, 4, 7):
        journal.append(some(first), first, {"excluded": 1})
    journal.prune(3)
    journal.close()
    lose(tmp_path / lost)
    again = mirrored(tmp_path)
    assert bodies(again) == [e.body for e in some(4, 6)]
    assert again.next_seq == 10
    assert again.counters()["accepted/telemetry"] == 9
    again.append(some(10), 1)
    again.close()
    copies = [SqliteJournal(tmp_path / name / "journal.db") for name in "ab"]
    assert bodies(copies[0]) == bodies(copies[1])
    assert copies[0].counters() == copies[1].counters()


def test_no_space_on_one_volume_takes_the_frame_back_from_the_other(tmp_path: Path) -> None:
    journal = mirrored(tmp_path)
    journal.append(some(1), 1)
    main = journal._main
    main._db.execute(f"pragma max_page_count = {main._db.execute('pragma page_count').fetchone()[0]}")
    with pytest.raises(JournalFull):
        journal.append([Entry("telemetry", "k", _noise(200_000))], 2)
    main._db.execute("pragma max_page_count = 1073741823")
    journal.append(some(4), 2)
    journal.close()
    copies = [SqliteJournal(tmp_path / name / "journal.db") for name in "ab"]
    assert bodies(copies[0]) == bodies(copies[1]) == [e.body for e in some(1, 6)]
    assert copies[0].counters() == copies[1].counters()


@pytest.mark.parametrize("bodies_of", [some(4), []])  # a frame, or counters alone
def test_what_could_not_be_taken_back_is_taken_back_before_the_next_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bodies_of: list[Entry]
) -> None:
    def full(*_: object) -> None:
        raise JournalFull("full; free some")

    journal = mirrored(tmp_path)
    journal.append(some(1), 1)
    with monkeypatch.context() as patch:
        patch.setattr(journal._main, "append", full)
        patch.setattr(journal._copy, "retract", full)
        for _ in range(2):
            with pytest.raises(JournalFull):
                journal.append(bodies_of, 2, {"excluded": 1})
    journal.append(some(4), 3)
    journal.append(some(7), 4)
    journal.close()
    copies = [SqliteJournal(tmp_path / name / "journal.db") for name in "ab"]
    assert [bodies(c) for c in copies] == [[e.body for e in some(1, 9)]] * 2
    assert copies[0].counters() == copies[1].counters()
    assert copies[0].frames(0, ALL) == copies[1].frames(0, ALL)


def test_a_power_cut_between_the_two_commits_is_mended_at_the_next_start(tmp_path: Path) -> None:
    journal = mirrored(tmp_path)
    journal.append(some(1), 1)
    journal._copy.append(some(4), 2)  # the copy had committed, the main one had not
    journal.close()
    assert bodies(mirrored(tmp_path)) == [e.body for e in some(1, 6)]


# ---- cursors
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
