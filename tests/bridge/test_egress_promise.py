"""No cursor passes what was not dealt, set aside or delivered, whatever fails in between; a full disk is waited out."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from acme_lib.bridge.egress import Reach
from acme_lib.errors import Retry, Stop
from acme_lib.journal import Corrupt, Entry, Frame, JournalFull, Lane, Progress
from tests.bridge.egress_rig import Away, Rig

OLD = "telemetri"  # a hub that an earlier contract named


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def accept_for(rig: Rig, hub: str, count: int = 10) -> None:
    """One frame; every other entry is for `hub`, as an older contract had it."""
    numbers = range(rig.n + 1, rig.n + count + 1)
    bodies = {n: json.dumps({"n": n, "key": f"tag-{n}"}).encode() for n in numbers}
    rig.journal.append([Entry(hub if n % 2 else "telemetry", f"tag-{n}", bodies[n]) for n in numbers], 1)
    rig.n += count


def events(rig: Rig) -> int:
    return sum(len(p) for ps in rig.hubs.stored.values() for p in ps)


@contextmanager
def no_space(rig: Rig) -> Iterator[list[int]]:
    """Commits of cursors.db meet a full disk; yields how many did."""
    met: list[int] = []

    def refused(progress: Progress) -> None:
        met.append(len(met))
        raise JournalFull("no space left")

    rig.cursors.commit = refused  # type: ignore[method-assign]
    try:
        yield met
    finally:
        del rig.cursors.commit  # type: ignore[method-assign]


def steps_until(rig: Rig, done: Callable[[], bool], within_s: float = 5.0) -> None:
    until = time.monotonic() + within_s
    while not done():
        assert time.monotonic() < until
        rig.egress.step()


def test_a_hub_that_does_not_exist_loses_no_frame(rig: Rig) -> None:
    rig.accept(20)
    for _ in range(3):
        accept_for(rig, OLD)
    for _ in range(3):  # each restart of the supervisor once passed one more frame
        rig.begin()
        with pytest.raises(Stop, match=f"hub {OLD} is an old one.*make the hub again"):
            steps_until(rig, lambda: False)
        rig.end()
        assert rig.files.cursors().lowest() <= 20
    rig.journal.prune(rig.files.cursors().lowest())
    rig.hubs.stored[OLD] = [[] for _ in range(4)]
    rig.begin()
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions(), events(rig)) == (set(), 0, 50)


def test_ending_while_an_older_hub_is_away_loses_no_frame(rig: Rig) -> None:
    rig.accept(20)
    accept_for(rig, "telemetry-old", 100)
    rig.hubs.stored["telemetry-old"] = [[] for _ in range(4)]
    reachable = rig.connect
    rig.connect = lambda hub: Away() if hub == "telemetry-old" else reachable(hub)  # type: ignore[method-assign, assignment, return-value]
    rig.begin()
    threading.Timer(0.1, rig.ending.set).start()
    with pytest.raises(Retry):
        steps_until(rig, lambda: False)
    rig.end()
    assert rig.files.cursors().lowest() <= 20
    rig.connect = reachable  # type: ignore[method-assign]
    rig.begin()
    rig.drain()
    rig.end()
    assert (rig.missing(), rig.inversions(), events(rig)) == (set(), 0, 120)


def test_a_frame_dealt_in_part_is_dealt_again_and_counted_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.accept(7)
    rig.begin()
    rig.drain()
    rig.accept(60, per_frame=60)
    put, left = rig.lanes.put, [3]

    def breaks(lane: Lane, items: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise MemoryError
        put(lane, items)

    monkeypatch.setattr(rig.lanes, "put", breaks)
    with pytest.raises(MemoryError):
        steps_until(rig, lambda: False)
    time.sleep(0.05)  # three lanes deliver their part
    rig.end()
    assert rig.files.cursors().lowest() == 7
    rig.begin()
    found = rig.drain()
    rig.end()
    assert found.delivered + found.dead_letters_delivered == 67
    assert (rig.missing(), rig.inversions()) == (set(), 0)


def rot(rig: Rig, last: int) -> None:
    with sqlite3.connect(rig.files.journal_path) as db:
        db.execute(
            "update frame set body = cast(substr(body, 1, length(body) - 5) || x'00' as blob) where last = ?", (last,)
        )
    db.close()


def test_no_cursor_passes_a_rotten_frame_before_its_bytes_are_safe(rig: Rig) -> None:
    rig.accept(70)
    rig.begin()
    rig.drain()
    rig.end()
    rig.journal.append([Entry("telemetry", "tag", os.urandom(400)) for _ in range(2_000)], 1)  # 71..2070, 0.8 MB
    rig.accept(7)
    rot(rig, 2070)
    rig.begin()
    pages = rig.cursors._db.execute("pragma page_count").fetchone()[0]
    rig.cursors._db.execute(f"pragma max_page_count = {pages + 4}")  # room for cursors, not for the frame
    for _ in range(20):
        rig.egress.step()
    assert (rig.cursors.lowest(), rig.cursors.quarantined(), len(rig.alarms)) == (70, [], 1)
    rig.end()  # SIGTERM meanwhile
    assert rig.files.cursors().lowest() == 70
    rig.journal.prune(70)
    assert rig.journal.remaining(70)["telemetry"] >= 2_000
    rig.begin()
    found = rig.drain()
    rig.end()
    assert (found.quarantined, found.delivered + found.dead_letters_delivered) == (2_000, 77)
    with sqlite3.connect(rig.files.cursors_path) as db:
        assert db.execute("select length(body) from quarantine").fetchone()[0] > 800_000
    db.close()


def test_a_rotten_frame_is_set_aside_by_the_same_process_once_there_is_space(rig: Rig) -> None:
    rig.accept(70)
    rot(rig, 21)
    rig.begin()
    commit = rig.cursors.commit

    def without_frames(progress: Progress) -> None:
        if progress.quarantined:
            raise JournalFull("no space left")
        commit(progress)

    rig.cursors.commit = without_frames  # type: ignore[method-assign]
    steps_until(rig, lambda: rig.cursors.lowest() == 14)
    for _ in range(20):
        rig.egress.step()
    assert rig.cursors.lowest() == 14
    del rig.cursors.commit  # type: ignore[method-assign]
    found = rig.drain()
    rig.end()
    assert (found.quarantined, found.dead_letters_quarantined, len(rig.alarms)) == (6, 1, 1)
    assert rig.missing(range(15, 22)) == set()


def test_a_full_disk_is_waited_out_and_no_count_is_forgotten(rig: Rig) -> None:
    rig.begin(Reach(ahead_bytes=4_000, read_bytes=1_000, idle_s=0.001, settle_s=0, full_retry_s=0.001))
    rig.accept(100)
    rig.drain()
    with no_space(rig) as met:
        rig.accept(2_000)
        steps_until(rig, lambda: len(met) > 20)
        assert events(rig) < 400  # what was read before the first commit that failed, and no more
    found = rig.drain()
    rig.end()
    assert (found.delivered + found.dead_letters_delivered, found.redelivered) == (2_100, 0)
    assert (events(rig), rig.missing(), rig.inversions()) == (2_100, set(), 0)


def test_restarts_on_a_full_disk_send_nothing_that_can_not_be_noted(rig: Rig) -> None:
    rig.accept(200)
    for _ in range(4):
        rig.begin()
        rig.end()  # the cursors begin; nothing is sent
        rig.begin()
        with no_space(rig) as met:
            for _ in range(50):
                rig.egress.step()
            rig.end()
        assert met
    assert events(rig) == 0
    rig.begin()
    rig.drain()
    rig.end()
    assert (events(rig), rig.missing()) == (200, set())


def test_a_full_disk_is_said_once(rig: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    rig.begin()
    with no_space(rig) as met:
        steps_until(rig, lambda: len(met) > 20)
    steps_until(rig, lambda: not rig.egress._full)
    rig.end()
    said = capsys.readouterr().out
    assert said.count("can't be noted") == 1
    assert said.count("noted again") == 1


def test_reading_is_bounded_by_what_bodies_take_in_memory(rig: Rig) -> None:
    for _ in range(24):  # 24 frames of 2 MB that are 300 bytes each on disk
        rig.journal.append([Entry("telemetry", f"tag-{n}", b"A" * 200_000) for n in range(10)], 1)
    rig.only = 99  # no partition answers
    rig.begin(Reach(ahead_bytes=8_000_000, read_bytes=3_000_000, idle_s=0.001, settle_s=0))
    for _ in range(20):
        rig.egress.step()
        assert rig.lanes.held_bytes() < 8_000_000 + 3_000_000 + 2_000_000
    assert rig.lanes.held_bytes() >= 8_000_000
    rig.end()
    assert rig.egress._read < 24 * 10


def test_a_frame_larger_than_the_bound_passes(rig: Rig) -> None:
    rig.journal.append([Entry("telemetry", f"tag-{n}", b"A" * 200_000) for n in range(10)], 1)
    rig.begin(Reach(ahead_bytes=1_000, read_bytes=1_000, idle_s=0.001, settle_s=0))
    rig.drain()
    rig.end()
    assert events(rig) == 10


def test_frames_are_opened_one_at_a_time(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a stored frame holds is known only once it is open: asking for many at once is what ran out of memory."""
    rig.accept(70)
    rig.begin()
    asked: list[int] = []
    frames = rig.reader.frames

    def counted(after: int, most_bytes: int) -> list[Frame | Corrupt]:
        found = frames(after, most_bytes)
        asked.append(len(found))
        return found

    monkeypatch.setattr(rig.reader, "frames", counted)
    rig.drain()
    rig.end()
    assert max(asked) == 1
