"""Durable queue on SQLite: what is appended survives a crash, is read in order, and is deleted only once everyone has it."""

from acme_lib.journal.codec import Corrupt, Entry, Frame, decode, encode
from acme_lib.journal.cursors import Cursors, Lane, Progress, Quarantined
from acme_lib.journal.files import hold
from acme_lib.journal.memory import MemoryJournal
from acme_lib.journal.mirror import MirroredJournal
from acme_lib.journal.port import Journal, JournalFull
from acme_lib.journal.sqlite import SqliteJournal

__all__ = [
    "Corrupt",
    "Cursors",
    "Entry",
    "Frame",
    "Journal",
    "JournalFull",
    "Lane",
    "MemoryJournal",
    "MirroredJournal",
    "Progress",
    "Quarantined",
    "SqliteJournal",
    "decode",
    "encode",
    "hold",
]
