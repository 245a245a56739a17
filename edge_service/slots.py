"""Which models serve: new bundles are judged and swapped in with one assignment, refused ones change nothing."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from acme_lib.errors import Stop, WrongUse
from acme_lib.models.bundle import Counters, Refused, load_trust, read
from edge_service.model import Model

__all__ = ["Refusal", "Slot", "Slots"]

log = structlog.get_logger("edge.models")
Mark = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True)
class Slot:
    """The serving model of a use case, and the one before it, still loaded."""

    current: Model
    previous: Model | None = None


@dataclass(frozen=True)
class Refusal:
    """A bundle that was not taken."""

    bundle: str
    code: str
    reason: str


class _Peek(msgspec.Struct):
    """What orders bundles before any is believed."""

    counter: int = 0
    use_case: str = ""


class Slots:
    """Bundles of a folder, by use case. Without `remember` only looked at: the counters stay. `look` and `rollback` may be called from any thread; readers never wait."""

    def __init__(self, bundles: Path, trust: Path, counters: Counters, *, remember: bool = True) -> None:
        self.bundles, self.trust, self._counters, self._remember = bundles, trust, counters, remember
        self._lock = threading.Lock()
        self._judged: dict[Path, Mark] = {}
        self._taken: dict[str, int] = {}
        self.serving: dict[str, Slot] = {}
        self.refused: dict[str, Refusal] = {}

    def look(self) -> int:
        """Judges what is new in the folder, newest first; returns how many models were taken.

        Raises WrongUse where no trust root can be read.
        """
        with self._lock:
            trust = load_trust(self.trust)
            return sum(self._judge(*fresh, trust) for fresh in self._fresh())

    def rollback(self, use_case: str | None = None) -> list[str]:
        """Serves the previous model again, of one use case or all; the names of those that changed.

        Until a restart, or a newer bundle. For good: build the older version anew, with a higher counter.
        """
        with self._lock:
            back = {
                case: Slot(slot.previous, slot.current)
                for case, slot in self.serving.items()
                if slot.previous and use_case in (None, case)
            }
            self.serving = {**self.serving, **back}
            for case, slot in back.items():
                log.warning("rolled back", use_case=case, model_version=slot.current.manifest.model_version)
            return sorted(back)

    def _fresh(self) -> list[tuple[_Peek, Path, Mark]]:
        """Bundle folders that came or changed since they were judged, highest counter first."""
        there = {path.parent: path for path in sorted(self.bundles.glob("[!.]*/manifest.json"))}
        self.refused = {name: r for name, r in self.refused.items() if self.bundles / name in there}
        self._judged = {folder: mark for folder, mark in self._judged.items() if folder in there}
        found = []
        for folder, manifest in there.items():
            mark = _mark(folder)
            if self._judged.get(folder) != mark:
                found.append((_peek(manifest), folder, mark))
        return sorted(found, key=lambda f: -f[0].counter)

    def _judge(self, peeked: _Peek, folder: Path, mark: Mark, trust: dict[str, bytes]) -> bool:
        """True where its model was taken. What is not marked as judged is judged again at the next look."""
        try:
            bundle = read(folder, trust, self._highest(peeked.use_case))
            manifest = bundle.manifest
            slot = self.serving.get(manifest.use_case)
            if manifest.use_case != peeked.use_case:
                return False  # changed while it was read
            if slot and manifest.counter == self._taken.get(manifest.use_case):
                self._judged[folder] = mark
                return False  # the very bundle that serves, or was rolled back from
            model = Model.load(bundle)
        except Refused as e:
            self._judged[folder] = mark
            return self._refuse(folder, e.code, str(e))
        try:
            if self._remember:
                self._counters.rise(manifest.use_case, manifest.counter)
        except Stop as e:  # unremembered it would let an older one in after a restart; the one before serves on
            return self._refuse(folder, "UNRECORDED", str(e))
        self._judged[folder], self._taken[manifest.use_case] = mark, manifest.counter
        self.serving = {**self.serving, manifest.use_case: Slot(model, slot.current if slot else None)}
        self.refused = {name: r for name, r in self.refused.items() if name != folder.name}
        log.info("serving", use_case=manifest.use_case, model_version=manifest.model_version, counter=manifest.counter)
        return True

    def _refuse(self, folder: Path, code: str, reason: str) -> bool:
        self.refused = {**self.refused, folder.name: Refusal(folder.name, code, reason)}
        log.error("bundle refused", bundle=folder.name, code=code, reason=reason)
        return False

    def _highest(self, use_case: str) -> int:
        return max(self._counters.highest(use_case), self._taken.get(use_case, 0))

    def slot(self, use_case: str | None) -> Slot:
        """The slot of a use case; of the only one where none is named. Raises WrongUse naming those there are."""
        serving = self.serving
        if use_case is None and len(serving) == 1:
            return next(iter(serving.values()))
        if use_case is None or use_case not in serving:
            known = ", ".join(sorted(serving))
            raise WrongUse(
                f"use case {use_case!r}: served here are {known}" if use_case else f"name a useCase: {known}"
            )
        return serving[use_case]


def _peek(manifest: Path) -> _Peek:
    try:
        return msgspec.json.decode(manifest.read_bytes(), type=_Peek)
    except (OSError, msgspec.MsgspecError):
        return _Peek()


def _mark(folder: Path) -> Mark:
    """Changes when any file of the folder does."""
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):  # gone meanwhile
            stat = path.lstat()
            found.append((path.name, stat.st_mtime_ns, stat.st_size))
    return tuple(found)
