"""The jar sets and their pinned checksums: declared in jars.yaml and jars.lock, compared with what is in the folder."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path

import msgspec

from acme_lib.contracts._load import decode
from acme_lib.errors import Stop
from acme_lib.settings import Settings

__all__ = ["JarSet", "Root", "class_path", "jar_sets", "locked", "own_java", "sha256", "state", "write_lock"]

HERE = Path(__file__).parent
LOCK = HERE / "jars.lock"


class Root(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One module of Maven Central; Ivy adds what it needs."""

    org: str
    name: str
    version: str


class JarSet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One folder of jars, used as one class path."""

    name: str
    description: str
    roots: list[Root]
    keep: list[str]
    optional: bool = False

    def keeps(self, file_name: str) -> bool:
        return any(fnmatch(file_name, pattern) for pattern in self.keep)


class OwnJava(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A source tree of ours and the set it is compiled against."""

    name: str
    description: str
    source: str
    against: str


class Declaration(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    version: str
    sets: list[JarSet]
    java: list[OwnJava]


@dataclass(frozen=True)
class State:
    """A folder against its lock: file names that are absent, differ, or are not ours."""

    missing: tuple[str, ...]
    corrupt: tuple[str, ...]
    stray: tuple[str, ...]

    @property
    def ready(self) -> bool:
        return not (self.missing or self.corrupt or self.stray)


@lru_cache(maxsize=1)
def declared() -> Declaration:
    """jars.yaml, typed."""
    return decode(HERE / "jars.yaml", Declaration)


def jar_sets() -> dict[str, JarSet]:
    """Every declared set by name."""
    return {s.name: s for s in declared().sets}


def own_java() -> dict[str, OwnJava]:
    """Every declared source tree by name."""
    return {j.name: j for j in declared().java}


def locked(name: str, lock: Path = LOCK) -> dict[str, str]:
    """File name -> SHA-256 of one set, as pinned."""
    try:
        lines = [line.split("  ", 1) for line in lock.read_text().splitlines() if line]
    except OSError as e:
        raise Stop(f"{lock} can't be read ({e.strerror}); restore it from version control") from e
    return {path.partition("/")[2]: digest for digest, path in lines if path.startswith(name + "/")}


def write_lock(folders: dict[str, Path], lock: Path = LOCK) -> int:
    """Pins what the folders hold, in the format of `sha256sum -c`. Returns the number of jars."""
    rows = sorted((f"{name}/{p.name}", sha256(p)) for name, folder in folders.items() for p in folder.glob("*.jar"))
    lock.write_text("".join(f"{digest}  {path}\n" for path, digest in rows))
    return len(rows)


def state(folder: Path, pinned: dict[str, str], *, trust_seen: bool = False) -> State:
    """Compares a folder with its pins. `trust_seen` skips hashing files whose size and time are as last verified."""
    present = {p.name: p for p in folder.glob("*.jar")}
    seen = _seen(folder) if trust_seen else {}
    suspects = [p for n, p in present.items() if n in pinned and seen.get(n) != _fingerprint(p, pinned[n])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        digests = dict(zip((p.name for p in suspects), pool.map(sha256, suspects), strict=True))
    corrupt = tuple(sorted(n for n, digest in digests.items() if digest != pinned[n]))
    found = State(tuple(sorted(pinned.keys() - present.keys())), corrupt, tuple(sorted(present.keys() - pinned.keys())))
    if found.ready and suspects:
        remember(folder, pinned)
    return found


def remember(folder: Path, pinned: dict[str, str]) -> None:
    """Notes size and time of verified files, so that the next set-up need not hash them."""
    try:
        (folder / ".verified").write_bytes(
            msgspec.json.encode({n: _fingerprint(folder / n, digest) for n, digest in pinned.items()})
        )
    except OSError:
        return  # a read-only folder is only slower


def sha256(path: Path) -> str:
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def class_path(settings: Settings, name: str) -> str:
    """The class path of one set. Raises Stop where set-up has not run."""
    folder = settings.jars_dir / name
    if not any(folder.glob("*.jar")):
        raise Stop(f"no {name} jars in {folder}; run make setup")
    return str(folder / "*")


def _fingerprint(path: Path, digest: str) -> list[object]:
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns, digest]


def _seen(folder: Path) -> dict[str, list[object]]:
    try:
        return msgspec.json.decode((folder / ".verified").read_bytes(), type=dict[str, list[object]])
    except (OSError, msgspec.DecodeError):
        return {}
