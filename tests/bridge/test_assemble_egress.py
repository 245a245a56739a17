"""Egress as the process runs it: hubs that were renamed are emptied, then forgotten; told to end, it ends well."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from acme_lib.bridge import assemble
from acme_lib.bridge.files import BridgeFiles
from acme_lib.bridge.older import older_hubs
from acme_lib.errors import Stop
from acme_lib.eventhubs.testing import MemoryHubs, MemorySender
from acme_lib.journal import Corrupt, Cursors, Entry, Lane, Progress, SqliteJournal
from acme_lib.settings import Settings, settings
from tests.bridge.egress_rig import Away

NAMED = ("telemetry", "telemetry-dlq")
OLD = "telemetry-v0"


class Place:
    """A bridge's folder, a fake namespace, and egress run whole, as `acme bridge egress` does."""

    def __init__(self, found: Settings) -> None:
        self.settings, self.files = found, BridgeFiles.of(found)
        self.hubs = MemoryHubs(4)
        self.journal = SqliteJournal(self.files.journal_path, writer=True)
        self.n = 0
        self.opened: list[str] = []

    def accept(self, hub: str, count: int) -> None:
        numbers = range(self.n + 1, self.n + count + 1)
        self.journal.append([Entry(hub, f"tag-{n % 7}", json.dumps({"n": n}).encode()) for n in numbers], 1)
        self.n += count

    def delivered_to(self, through: int, *hubs: str, partitions: int = 4) -> None:
        """Cursors as an earlier egress left them."""
        cursors = self.files.cursors(writer=True)
        cursors.commit(Progress({Lane(hub, p): through for hub in hubs for p in range(partitions)}))
        cursors.close()

    def connect(self, hub: str, settings: Settings) -> MemorySender:
        self.opened.append(hub)
        return self.hubs.connect(hub)

    def run(self, seconds: float = 0.5) -> None:
        told = threading.Event()
        threading.Timer(seconds, told.set).start()
        assemble.egress(self.settings, told)

    def cursor_hubs(self) -> set[str]:
        return {lane.hub for lane in self.files.cursors().positions()}

    def stored(self, hub: str) -> int:
        return sum(len(p) for p in self.hubs.stored[hub])


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("ACME_HOME", str(tmp_path))
    settings.cache_clear()
    found = Place(settings())
    monkeypatch.setattr(assemble, "connect", found.connect)
    yield found
    found.journal.close()
    settings.cache_clear()


def test_a_hub_that_was_renamed_emptied_and_deleted_is_not_asked_for(place: Place) -> None:
    place.accept(OLD, 20)
    place.delivered_to(20, OLD, *NAMED)
    place.accept("telemetry", 30)
    place.run()
    assert sorted(place.opened) == sorted(NAMED)
    assert place.cursor_hubs() == set(NAMED)
    assert place.stored("telemetry") == 30
    assert place.files.cursors().lowest() == 50


def test_a_renamed_hub_with_entries_is_emptied_first_and_forgotten_at_the_next_start(place: Place) -> None:
    place.hubs.stored[OLD] = [[] for _ in range(4)]
    place.delivered_to(0, OLD, *NAMED)
    place.accept(OLD, 20)
    place.accept("telemetry", 30)
    place.run()
    assert (place.stored(OLD), place.stored("telemetry")) == (20, 30)
    assert place.cursor_hubs() == {OLD, *NAMED}
    place.opened.clear()
    del place.hubs.stored[OLD]
    place.run(0.1)
    assert (sorted(place.opened), place.cursor_hubs()) == (sorted(NAMED), set(NAMED))


def test_a_deleted_hub_with_entries_stops_with_what_to_do_and_loses_none(place: Place) -> None:
    place.delivered_to(0, OLD, *NAMED)
    place.accept(OLD, 20)
    for _ in range(2):
        with pytest.raises(Stop, match=f"hub {OLD} is an old one.*make the hub again.*forgets the hub by itself"):
            assemble.egress(place.settings, threading.Event())
        assert place.cursor_hubs() == {OLD, *NAMED}
    assert place.files.cursors().lowest() == 0


def test_a_hub_of_the_contract_that_is_missing_keeps_its_own_words(place: Place) -> None:
    del place.hubs.stored["telemetry"]
    with pytest.raises(Stop, match=r"hub telemetry does not exist; correct contracts/bridge\.yaml"):
        assemble.egress(place.settings, threading.Event())


def test_every_hub_renamed_at_once_begins_from_the_old_cursors(place: Place) -> None:
    place.accept(OLD, 20)
    place.delivered_to(20, OLD)
    place.accept("telemetry", 30)
    place.run()
    assert (place.cursor_hubs(), place.stored("telemetry")) == (set(NAMED), 30)


def test_an_entry_that_reading_will_meet_keeps_its_hub(place: Place) -> None:
    """The old hub's own cursors have passed it; another lane's have not, and a frame is read whole."""
    place.accept(OLD, 20)
    place.delivered_to(20, OLD, "telemetry-dlq")
    place.delivered_to(10, "telemetry")
    cursors = place.files.cursors(writer=True)
    assert older_hubs(place.journal, cursors, NAMED) == [OLD]
    cursors.close()


def test_told_to_end_while_an_older_hub_is_away_it_ends_well_and_loses_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.delivered_to(0, *NAMED)
    place.accept(OLD, 20)

    def away(hub: str, settings: Settings) -> MemorySender | Away:
        return Away() if hub == OLD else place.connect(hub, settings)

    monkeypatch.setattr(assemble, "connect", away)
    place.run(0.2)
    assert place.files.cursors().lowest() == 0


def test_told_to_end_on_a_full_disk_it_ends_well(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from acme_lib.journal import JournalFull

    def refused(self: Cursors, progress: Progress) -> None:
        raise JournalFull("no space left")

    place.delivered_to(0, *NAMED)
    place.accept("telemetry", 20)
    monkeypatch.setattr(Cursors, "commit", refused)
    place.run(0.2)
    assert (place.stored("telemetry"), place.files.cursors().lowest()) == (0, 0)


def test_an_alert_that_finds_no_space_does_not_end_egress() -> None:
    tried = []

    class Full:
        def open(self, rule: str, key: str, value: object, now: datetime) -> bool:
            tried.append((rule, key))
            raise OSError(28, "No space left on device")

        def close(self, rule: str, key: str, now: datetime) -> int:
            return 0

    frame = Corrupt(1, 7, 1, {"telemetry": 7}, b"\x00", "rotten")
    assemble._corrupt(Full(), frame, datetime(2026, 11, 24, tzinfo=UTC))
    assert tried == [("journal_frame_corrupt", "1..7")]
