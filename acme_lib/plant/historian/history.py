"""One historian file set as readings: who publishes it, under which epoch, and where each equipment's rows go in Bronze."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from heapq import merge
from pathlib import Path

from acme_lib.errors import WrongUse
from acme_lib.plant.encoder import Encoder
from acme_lib.plant.message import Outgoing, Reading

__all__ = ["History", "digest_of", "replay"]

DIGITS = 12  # of the files' SHA-256: enough to tell any two file sets apart


@dataclass(frozen=True)
class History:
    """`name`: format/subset, such as cmapss/fd001/train. `readings()` yields by event time, each call from the start.

    `partitions`: equipment -> its number, stable whatever else the files hold. `count`: how many readings there are.
    The epoch follows from the files' bytes: the same files give the same messages, however often and by whatever path.
    `notes`: what a person should know of the files, a line each.
    """

    name: str
    source_system: str
    digest: str
    count: int
    partitions: dict[str, int]
    readings: Callable[[], Iterator[Reading]]
    notes: tuple[str, ...] = field(default=(), compare=False)

    @property
    def epoch(self) -> str:
        return f"files-{self.digest}"

    @property
    def hub(self) -> str:
        """Where a backfill's rows say they come from: other files, other offsets."""
        return f"backfill/{self.name}@{self.digest[:8]}"

    def encoder(self) -> Encoder:
        """A new run of the publisher: every topic from seq 0, marked replayed."""
        return Encoder(self.source_system, self.epoch, replayed=True)

    def messages(self) -> Iterator[Outgoing]:
        """The readings as envelopes."""
        return map(self.encoder().encode, self.readings())


def replay(histories: list[History]) -> Iterator[Outgoing]:
    """The messages of all histories by event time, as one plant would publish them."""
    return merge(*(history.messages() for history in histories), key=lambda message: message.at_ms)


def digest_of(paths: list[Path]) -> str:
    """Of the bytes of all files, in the order given. Raises WrongUse for one that can't be read."""
    found = sha256()
    for path in paths:
        found.update(read(path))
    return found.hexdigest()[:DIGITS]


def read(path: Path) -> bytes:
    """A file's bytes. Raises WrongUse where it can't be read."""
    try:
        return path.read_bytes()
    except IsADirectoryError as e:
        raise WrongUse(f"{path}: a folder where a file is needed; name the file in it") from e
    except OSError as e:
        raise WrongUse(f"{path}: {e.strerror}; check the path and its permissions") from e
