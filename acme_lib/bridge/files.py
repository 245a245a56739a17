"""Where the bridge keeps its state, and how each part of it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from acme_lib.errors import Stop
from acme_lib.journal import Cursors, Journal, MirroredJournal, SqliteJournal
from acme_lib.settings import Settings

__all__ = ["BridgeFiles"]

_LOST_REASON = "dead_lettered/LOST_WITH_JOURNAL/LOST_WITH_JOURNAL"
LOST_GAP = 1_000_000  # numbers skipped after a lost journal: more than can have been in flight unrecorded


@dataclass(frozen=True)
class BridgeFiles:
    """The folder of one bridge: journal.db (written by ingest), cursors.db and attempted-* (written by egress)."""

    folder: Path
    mirror: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> BridgeFiles:
        return cls(settings.home.resolve() / "journal", settings.bridge.mirror)

    @property
    def journal_path(self) -> Path:
        return self.folder / "journal.db"

    @property
    def cursors_path(self) -> Path:
        return self.folder / "cursors.db"

    def writer(self, dead_letter_hub: str) -> Journal:
        """The journal for ingest. A mirror that is ahead restores it; a journal that was lost never reuses a number."""
        main = SqliteJournal(self.journal_path, writer=True)
        journal: Journal = main
        if self.mirror is not None:
            try:
                copy = SqliteJournal(self.mirror / "journal.db", writer=True)
            except Stop as e:
                raise Stop(f"{e} (setting bridge.mirror; unset it to go on with one copy)") from e
            journal = MirroredJournal(main, copy)
        cursors = self.cursors()
        furthest = max(cursors.positions().values(), default=0)
        if furthest >= journal.next_seq:
            main.skip_to(furthest + LOST_GAP, _known(cursors, dead_letter_hub))
            if isinstance(journal, MirroredJournal):
                journal = MirroredJournal(main, copy)
        cursors.close()
        return journal

    def reader(self) -> SqliteJournal:
        return SqliteJournal(self.journal_path)

    def cursors(self, *, writer: bool = False) -> Cursors:
        return Cursors(self.cursors_path, writer=writer)


def _known(cursors: Cursors, dead_letter_hub: str) -> dict[str, int]:
    """What a lost journal is known to have accepted: what left it. Why its dead letters were rejected is lost with it."""
    total: dict[str, int] = {}
    for name, n in cursors.counters().items():
        kind, _, hub = name.partition("/")
        if kind in ("delivered", "quarantined"):
            total[f"accepted/{hub}"] = total.get(f"accepted/{hub}", 0) + n
    total[_LOST_REASON] = total.get(f"accepted/{dead_letter_hub}", 0)
    return total
