"""Whether the bridge's two processes live, and whether the broker has ingest: for status and for who waits on a start."""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from acme_lib.bridge.files import BridgeFiles
from acme_lib.settings import Settings

__all__ = ["announce", "egress_state", "ingest_state", "ready"]

_LONGEST = len("disconnected")


def announce(files: BridgeFiles, connected: bool) -> None:
    """Ingest's word on its subscription; it counts only while ingest lives, and never ends it."""
    word = ("connected" if connected else "disconnected").ljust(_LONGEST)
    with suppress(OSError):
        state = os.open(files.folder / "ingest.state", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(state, word.encode(), 0)  # over the word before, of the same length: it needs no space
        finally:
            os.close(state)


def ingest_state(files: BridgeFiles) -> str:
    """connected (subscribed at the broker), disconnected, or stopped."""
    if not _held(files.journal_path.with_suffix(".lock")):
        return "stopped"
    try:
        return (files.folder / "ingest.state").read_text().strip() or "disconnected"
    except OSError:
        return "disconnected"


def egress_state(files: BridgeFiles) -> str:
    """running or stopped."""
    return "running" if _held(files.cursors_path.with_suffix(".lock")) else "stopped"


def ready(settings: Settings) -> bool:
    """True once the broker keeps messages for the bridge: what is published from now on is carried."""
    return ingest_state(BridgeFiles.of(settings)) == "connected"


def _held(lock: Path) -> bool:
    try:
        with lock.open() as f:
            fcntl.flock(f, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
