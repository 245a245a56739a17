"""Originals too large for a hub: files under their own hash, on disk before their claim check is."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path

from acme_lib.errors import Stop
from acme_lib.journal import JournalFull

__all__ = ["keep"]


def keep(folder: Path, claims: Mapping[str, bytes]) -> None:
    """Writes and fsyncs each file that is not there yet. Raises JournalFull where no space is left, Stop on a failing disk."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, original in claims.items():
            if not (folder / name).exists():
                _write(folder, name, original)
    except OSError as e:
        if e.errno in (errno.ENOSPC, errno.EDQUOT):
            raise JournalFull(
                f"claim checks: no space left in {folder}; free some, the bridge goes on by itself"
            ) from e
        raise Stop(f"claim checks: {folder}: {e}; make the folder writable, or mend its disk, then start again") from e


def _write(folder: Path, name: str, original: bytes) -> None:
    part = folder / f".{name}.part"  # a half-written file must never bear the hash
    with part.open("wb") as out:
        out.write(original)
        out.flush()
        os.fsync(out.fileno())
    part.replace(folder / name)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
