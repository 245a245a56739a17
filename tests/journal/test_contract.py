"""Every journal keeps these promises; subclasses say how to open one."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_lib.journal import Entry, Frame, Journal, MemoryJournal, SqliteJournal, decode, encode

ALL = 1 << 30


def entry(n: int, hub: str = "telemetry") -> Entry:
    return Entry(hub, f"acme/s/a/l/c/e/tag_{n % 7}", f"body {n}".encode())


def entries(first: int, count: int) -> list[Entry]:
    return [entry(n) for n in range(first, first + count)]


def held(journal: Journal, after: int = 0) -> list[Entry]:
    return [e for f in journal.frames(after, ALL) if isinstance(f, Frame) for e in f.entries]


class JournalContract:
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        raise AssertionError("a subclass opens its journal")

    def test_numbers_start_at_one_and_ascend_without_gap(self, journal: Journal) -> None:
        assert journal.next_seq == 1
        assert journal.append(entries(1, 3), 10) == 3
        assert journal.next_seq == 4
        assert journal.append(entries(4, 2), 11) == 5
        assert [(f.first, f.last, f.at_ms) for f in journal.frames(0, ALL)] == [(1, 3, 10), (4, 5, 11)]

    def test_entries_come_back_as_they_went_in_and_in_order(self, journal: Journal) -> None:
        odd = [Entry("telemetry", "ключ/é", b"\x00\xff" * 300), Entry("telemetry-dlq", "", b""), entry(3)]
        journal.append(odd, 1)
        assert held(journal) == odd

    def test_frames_after_a_number_begin_with_the_frame_that_holds_the_next(self, journal: Journal) -> None:
        journal.append(entries(1, 3), 1)
        journal.append(entries(4, 3), 1)
        assert [f.first for f in journal.frames(3, ALL)] == [4]
        assert [f.first for f in journal.frames(4, ALL)] == [4]
        assert journal.frames(6, ALL) == []

    def test_reading_is_bounded_but_never_stands_still(self, journal: Journal) -> None:
        for n in range(5):
            journal.append(entries(n * 10 + 1, 10), 1)
        assert [f.first for f in journal.frames(0, 1)] == [1]

    def test_pruning_deletes_whole_frames_at_or_below_only(self, journal: Journal) -> None:
        journal.append(entries(1, 3), 1)
        journal.append(entries(4, 3), 1)
        assert journal.prune(2) == 0
        assert journal.prune(5) == 1
        assert held(journal) == entries(4, 3)

    def test_numbers_go_on_after_everything_was_pruned(self, journal: Journal) -> None:
        journal.append(entries(1, 3), 1)
        journal.prune(3)
        assert journal.append(entries(4, 1), 1) == 4

    def test_counters_count_entries_per_hub_and_what_they_are_given(self, journal: Journal) -> None:
        journal.append([entry(1), entry(2), entry(3, "telemetry-dlq")], 1, {"excluded": 2})
        journal.append([], 1, {"excluded": 1})
        found = journal.counters()
        assert (found["accepted/telemetry"], found["accepted/telemetry-dlq"], found["excluded"]) == (2, 1, 3)

    def test_remaining_counts_entries_of_frames_that_begin_above(self, journal: Journal) -> None:
        journal.append(entries(1, 3), 1)
        journal.append([entry(4), entry(5, "telemetry-dlq")], 1)
        journal.append([entry(6)], 1)
        assert journal.remaining(0) == {"telemetry": 5, "telemetry-dlq": 1}
        assert journal.remaining(3) == {"telemetry": 2, "telemetry-dlq": 1}
        assert journal.remaining(4) == {"telemetry": 1}

    def test_bytes_used_grows_and_shrinks(self, journal: Journal) -> None:
        with journal.reading():
            before = journal.bytes_used()
        for n in range(50):
            journal.append([Entry("telemetry", "k", bytes(range(256)) * 40 + str(n).encode())], 1)
        full = journal.bytes_used()
        while journal.prune(50):
            pass
        assert before < full


class TestMemoryJournal(JournalContract):
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        return MemoryJournal()


class TestSqliteJournal(JournalContract):
    @pytest.fixture
    def journal(self, tmp_path: Path) -> Journal:
        return SqliteJournal(tmp_path / "journal.db", writer=True)

    def test_reopened_it_holds_what_was_committed(self, tmp_path: Path) -> None:
        first = SqliteJournal(tmp_path / "journal.db", writer=True)
        first.append(entries(1, 4), 7, {"excluded": 1})
        first.close()
        second = SqliteJournal(tmp_path / "journal.db", writer=True)
        assert held(second) == entries(1, 4)
        assert second.next_seq == 5
        assert second.counters()["excluded"] == 1


def test_a_frame_is_small() -> None:
    many = [
        Entry("telemetry", f"acme/s/a/l/c/e{n}/t", b'{"value":%d,"quality":"GOOD","units":"mm/s"}' % n)
        for n in range(100)
    ]
    assert len(encode(1, many)) < sum(len(e.body) for e in many) / 3
    assert decode(1, encode(1, many)) == many
