"""SQLite files of the journal: opened for durability, held by one writer, their errors turned into what to do."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from acme_lib.errors import Stop
from acme_lib.journal.port import JournalFull

__all__ = ["bytes_used", "explained", "hold", "open_db", "transaction"]

_PAGE = 4096  # a small commit writes four pages; larger ones would only write more for it
_WAIT_MS = 10_000
_PRAGMAS = (
    f"pragma busy_timeout = {_WAIT_MS}",
    f"pragma page_size = {_PAGE}",
    "pragma synchronous = full",
    "pragma journal_size_limit = 16777216",  # after a long read the write-ahead log shrinks again
)


# What SQLite says, beside SQLITE_FULL, where its -shm or -wal file found no space, or a quota is met. Not the failed fsync:
# after it nobody knows what is on the disk.
_FOR_SPACE = ("SQLITE_IOERR_SHM", "SQLITE_IOERR_WRITE", "SQLITE_CANTOPEN")
_PROBE = 64 * 1024  # a -shm file grows by 32 KiB


def open_db(path: Path, schema: str) -> sqlite3.Connection:
    """The database in WAL mode with synchronous=FULL: a commit returns after its fsync."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for statement in (*_PRAGMAS, "pragma journal_mode = wal"):
            _patiently(db, statement)
        db.executescript(schema)
        _sync_folder(path.parent)
    return db


def _patiently(db: sqlite3.Connection, statement: str) -> None:
    """Turning a new file to WAL while another process does the same is refused at once, without SQLite's own waiting."""
    until = time.monotonic() + _WAIT_MS / 1000
    while True:
        try:
            db.execute(statement)
            return
        except sqlite3.OperationalError as e:
            if not e.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(0.02)


def hold(path: Path, what: str) -> int:
    """An exclusive lock for this process's life; returns its descriptor. Raises Stop where another has it."""
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as e:
        os.close(held)
        raise Stop(f"{what}: another process holds {path}; stop it first, two writers would break the order") from e
    return held


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """One commit, or nothing."""
    with explained(path):
        db.execute("begin immediate")
        try:
            yield db
            db.execute("commit")
        except BaseException:
            if db.in_transaction:
                db.execute("rollback")
            raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """SQLite's errors as JournalFull or Stop, with what to change."""
    try:
        yield
    except sqlite3.Error as e:
        code = getattr(e, "sqlite_errorname", "") or ""
        if code.startswith("SQLITE_FULL") or (code.startswith(_FOR_SPACE) and not _has_space(path.parent)):
            raise JournalFull(f"journal: no space left for {path}; free some, the bridge goes on by itself") from e
        if "decode to UTF-8" in str(e):  # Python's own words, without a code
            code = "SQLITE_CORRUPT"
        raise Stop(f"journal: {path}: {e} ({code}); {_mend(code)}") from e
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise JournalFull(f"journal: no space left for {path}; free some, the bridge goes on by itself") from e
        raise Stop(f"journal: {path}: {e}; make the folder writable, or mend its disk, then start again") from e


def _has_space(folder: Path) -> bool:
    """SQLite keeps the reason to itself, so the volume is asked: a quota or spent inodes show in no count of free bytes."""
    probe = folder / ".space"
    try:
        probe.write_bytes(bytes(_PROBE))
    except OSError as e:
        return e.errno not in (errno.ENOSPC, errno.EDQUOT)
    finally:
        with suppress(OSError):
            probe.unlink()
    return True


def _mend(code: str) -> str:
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return "the file is damaged: follow docs/runbooks/bridge-buffer.md, section Damaged file"
    if code.startswith("SQLITE_IOERR"):
        return "the disk failed: free or replace it, then start the bridge again"
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "another program holds the file: end it, then start again"
    return "make the file and its folder writable for the bridge, then start again"


def bytes_used(db: sqlite3.Connection, path: Path) -> int:
    """Pages in use, and the write-ahead log. Freed pages stay in the file for reuse and are not counted."""
    with explained(path):
        pages, free, size = (
            db.execute(f"pragma {p}").fetchone()[0] for p in ("page_count", "freelist_count", "page_size")
        )
    log = path.with_name(path.name + "-wal")
    return int((pages - free) * size) + (log.stat().st_size if log.exists() else 0)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)  # a new file's name must survive a power cut too
    finally:
        os.close(descriptor)
