"""Set-up: each jar set fetched to a temporary folder, compared with its pins, then put in place by one rename."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from acme_lib.errors import Stop
from acme_lib.toolchain.ivy import Resolution, resolve
from acme_lib.toolchain.jars import JarSet, State, locked, remember, state, write_lock
from acme_lib.toolchain.java import Java

__all__ = ["Seen", "exclusive", "fetch", "relock", "states"]

Seen = Callable[[str, int], None]  # (set's name, jars downloaded so far)


def states(jars_dir: Path, sets: Sequence[JarSet], *, trust_seen: bool) -> dict[str, State]:
    """Every set's folder against its pins."""
    return {s.name: state(jars_dir / s.name, locked(s.name), trust_seen=trust_seen) for s in sets}


def fetch(java: Java, jars_dir: Path, sets: Sequence[JarSet], seen: Seen) -> list[Path]:
    """Brings the sets in from outside, side by side. Returns files found corrupt in place, now set aside.

    A fetched jar that differs from its pin is set aside too and raises Stop; the folder in place stays as it was.
    """
    with _scratch(jars_dir) as scratch:
        fresh = _gather(java, scratch, sets, seen)
        for s in sets:
            _refuse_unpinned(jars_dir, s, fresh[s.name])
        return [path for s in sets for path in _install(jars_dir, s, fresh[s.name], scratch)]


def relock(java: Java, jars_dir: Path, sets: Sequence[JarSet], seen: Seen) -> int:
    """Pins what Maven Central gives today. Returns the number of jars."""
    with _scratch(jars_dir) as scratch:
        return write_lock(_gather(java, scratch, sets, seen))


@contextmanager
def exclusive(jars_dir: Path) -> Iterator[None]:
    """One set-up at a time on a folder; a second one waits."""
    jars_dir.mkdir(parents=True, exist_ok=True)
    with (jars_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _scratch(jars_dir: Path) -> Iterator[Path]:
    for left in jars_dir.glob(".new-*"):  # of a set-up that was killed
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=jars_dir) as folder:
        yield Path(folder)


def _gather(java: Java, scratch: Path, sets: Sequence[JarSet], seen: Seen) -> dict[str, Path]:
    """Set's name -> folder with just the jars it keeps."""
    wanted = [(s, Resolution(root, scratch / f"{s.name}.{i}")) for s in sets for i, root in enumerate(s.roots)]
    names = {r.folder: s.name for s, r in wanted}
    resolve(java, [r for _, r in wanted], lambda r, jars: seen(names[r.folder], jars))
    for s, r in wanted:
        (scratch / s.name).mkdir(exist_ok=True)
        for jar in r.folder.glob("*.jar"):
            if s.keeps(jar.name):
                os.replace(jar, scratch / s.name / jar.name)
    return {s.name: scratch / s.name for s in sets}


def _refuse_unpinned(jars_dir: Path, s: JarSet, fresh: Path) -> None:
    found = state(fresh, locked(s.name))
    if found.ready:
        return
    for r in (Resolution(root, fresh) for root in s.roots):  # else the next try would find the same bytes
        shutil.rmtree(r.cache, ignore_errors=True)
    if found.corrupt:
        aside = _set_aside(jars_dir, s, fresh, found.corrupt)
        raise Stop(
            f"{', '.join(found.corrupt)}: checksum differs from the pinned one; refused and set aside in {aside[0].parent}. "
            "Run make setup again; if it differs again, find out why before `acme setup --relock` pins the new one"
        )
    names = ", ".join(found.missing or found.stray)
    raise Stop(f"{s.name}: what arrived is not what jars.lock pins ({names}); run make setup again")


def _install(jars_dir: Path, s: JarSet, fresh: Path, scratch: Path) -> list[Path]:
    place = jars_dir / s.name
    aside = _set_aside(jars_dir, s, place, state(place, locked(s.name)).corrupt)
    if place.exists():
        os.replace(place, scratch / f"{s.name}.old")
    os.replace(fresh, place)
    remember(place, locked(s.name))
    return aside


def _set_aside(jars_dir: Path, s: JarSet, folder: Path, names: Sequence[str]) -> list[Path]:
    aside = jars_dir / "set-aside" / s.name
    if names:
        aside.mkdir(parents=True, exist_ok=True)
    for name in names:
        os.replace(folder / name, aside / name)
    return [aside / name for name in names]
