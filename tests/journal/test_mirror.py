"""Two volumes, one journal: either can be lost, full or cut off between the two commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.journal import Entry, JournalFull, SqliteJournal
from tests.journal.volumes import ALL, bodies, lose, mirrored, noise, some


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
        journal.append([Entry("telemetry", "k", noise(200_000))], 2)
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
