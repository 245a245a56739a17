"""The highest number ever handed to the hub, per partition: what tells a first delivery from one again, after a crash too."""

from __future__ import annotations

import os
import struct
from pathlib import Path

__all__ = ["Attempts"]

_MARK = struct.Struct("<Q")


class Attempts:
    """Written before each send, without fsync: the page cache survives the process, and only a count depends on it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def of(self, partition: int) -> int:
        raw = os.pread(self._file, _MARK.size, partition * _MARK.size)
        return int(_MARK.unpack(raw)[0]) if len(raw) == _MARK.size else 0

    def set(self, partition: int, seq: int) -> None:
        os.pwrite(self._file, _MARK.pack(seq), partition * _MARK.size)

    def close(self) -> None:
        os.close(self._file)
