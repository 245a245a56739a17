"""The highest counter met so far, per use case, in a small file: what the builder goes on from and the edge never goes below."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from acme_lib.errors import Stop

__all__ = ["Counters"]


class Counters:
    """`rise` only ever raises. A damaged file raises Stop: going on without it would let an old bundle in."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, int]:
        """Use case -> counter; empty before the first."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=dict[str, int])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as e:
            raise Stop(
                f"{self.path}: counters can't be read ({e}); restore the file, or delete it and accept that "
                "an older bundle would be taken once"
            ) from e

    def highest(self, use_case: str) -> int:
        return self.read().get(use_case, 0)

    def rise(self, use_case: str, counter: int) -> None:
        """Remembers `counter`, durably; a lower one than known changes nothing."""
        found = self.read()
        if counter <= found.get(use_case, 0):
            return
        fresh = self.path.with_name(self.path.name + ".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("wb") as f:
                f.write(msgspec.json.encode({**found, use_case: counter}, order="sorted"))
                f.flush()
                os.fsync(f.fileno())
            os.replace(fresh, self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as e:
            raise Stop(f"{self.path}: can't write ({e.strerror}); make the folder writable, or free its disk") from e
