"""Jars come in whole or not at all, and only with the pinned checksums. Only the download itself is played here."""

from __future__ import annotations

import os
import time
from hashlib import sha256
from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.toolchain import jars, prepare
from acme_lib.toolchain.ivy import Resolution
from acme_lib.toolchain.jars import JarSet, Root, jar_sets, locked, state
from acme_lib.toolchain.java import Java

SET = JarSet("demo", "two jars of three", [Root("org.acme", "demo", "1")], ["demo-*", "helper-*"])
JAVA = Java(Path("/none"), "17.0.1")
GOOD = {"demo-1.jar": b"demo", "helper-2.jar": b"helper", "provided-3.jar": b"in pyspark already"}


@pytest.fixture
def central(tmp_path, monkeypatch):
    """What the repository gives, to be changed by a test; the lock pins GOOD."""
    files = dict(GOOD)

    def resolve(_java, wanted: list[Resolution], seen) -> None:
        for r in wanted:
            r.folder.mkdir(parents=True)
            for name, content in files.items():
                (r.folder / name).write_bytes(content)
            seen(r, len(files))

    lock = tmp_path / "jars.lock"
    lock.write_text("".join(f"{sha256(c).hexdigest()}  demo/{n}\n" for n, c in GOOD.items() if SET.keeps(n)))
    monkeypatch.setattr(prepare, "resolve", resolve)
    monkeypatch.setattr(prepare, "locked", lambda name: locked(name, lock))
    monkeypatch.setattr("acme_lib.toolchain.ivy.CACHE", tmp_path / "cache")
    return files


def fetch(folder: Path) -> list[Path]:
    folder.mkdir(exist_ok=True)
    return prepare.fetch(JAVA, folder, [SET], lambda _name, _jars: None)


def names(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.glob("*.jar"))


def test_only_what_belongs_on_the_class_path_stays(tmp_path, central):
    assert fetch(tmp_path / "jars") == []
    assert names(tmp_path / "jars" / "demo") == ["demo-1.jar", "helper-2.jar"]
    assert list((tmp_path / "jars").glob(".new-*")) == []


def test_a_jar_with_another_checksum_is_refused_and_set_aside(tmp_path, central):
    cached = tmp_path / "cache" / "demo-1"
    cached.mkdir(parents=True)
    central["helper-2.jar"] = b"tampered"
    with pytest.raises(Stop, match=r"helper-2\.jar: checksum differs from the pinned one"):
        fetch(tmp_path / "jars")
    assert (tmp_path / "jars" / "set-aside" / "demo" / "helper-2.jar").read_bytes() == b"tampered"
    assert not (tmp_path / "jars" / "demo").exists()
    assert not cached.exists()  # else the next try would find the same bytes


def test_a_refused_download_leaves_what_was_there(tmp_path, central):
    fetch(tmp_path / "jars")
    central["demo-1.jar"] = b"tampered"
    with pytest.raises(Stop):
        fetch(tmp_path / "jars")
    assert (tmp_path / "jars" / "demo" / "demo-1.jar").read_bytes() == b"demo"


@pytest.mark.parametrize("change", [{"demo-1.jar": None}, {"demo-9.jar": b"unpinned"}])
def test_a_jar_too_few_or_too_many_is_refused(tmp_path, central, change):
    central.update(change)
    for name in [n for n, content in central.items() if content is None]:
        del central[name]
    with pytest.raises(Stop, match=r"not what jars\.lock pins"):
        fetch(tmp_path / "jars")


def test_a_jar_gone_corrupt_in_place_is_set_aside_and_fetched_anew(tmp_path, central):
    fetch(tmp_path / "jars")
    (tmp_path / "jars" / "demo" / "demo-1.jar").write_bytes(b"rotten")
    assert fetch(tmp_path / "jars") == [tmp_path / "jars" / "set-aside" / "demo" / "demo-1.jar"]
    assert (tmp_path / "jars" / "demo" / "demo-1.jar").read_bytes() == b"demo"


def test_what_a_killed_set_up_left_is_swept(tmp_path, central):
    left = tmp_path / "jars" / ".new-1234" / "demo.0"
    left.mkdir(parents=True)
    fetch(tmp_path / "jars")
    assert not left.exists()


def test_state_names_what_is_missing_corrupt_and_stray(tmp_path):
    for name, content in {"b.jar": b"other", "c.jar": b"c", "stray.jar": b"old version"}.items():
        (tmp_path / name).write_bytes(content)
    pins = {name: sha256(name[0].encode()).hexdigest() for name in ("a.jar", "b.jar", "c.jar")}
    found = state(tmp_path, pins)
    assert (found.missing, found.corrupt, found.stray, found.ready) == (("a.jar",), ("b.jar",), ("stray.jar",), False)


def test_a_file_changed_after_it_was_verified_is_hashed_again(tmp_path, monkeypatch):
    (tmp_path / "a.jar").write_bytes(b"a")
    pins = {"a.jar": sha256(b"a").hexdigest()}
    assert state(tmp_path, pins, trust_seen=True).ready
    hashed = []
    monkeypatch.setattr(jars, "sha256", lambda p: hashed.append(p) or sha256(p.read_bytes()).hexdigest())
    assert state(tmp_path, pins, trust_seen=True).ready
    assert hashed == []
    (tmp_path / "a.jar").write_bytes(b"b")
    os.utime(tmp_path / "a.jar", ns=(time.time_ns(), time.time_ns() + 1))
    assert state(tmp_path, pins, trust_seen=True).corrupt == ("a.jar",)


def test_every_declared_set_is_pinned_and_the_lock_holds_nothing_else():
    sets = jar_sets()
    assert all(locked(name) for name in sets)
    pinned = {line.split("  ")[1].partition("/")[0] for line in jars.LOCK.read_text().splitlines()}
    assert pinned == set(sets)
    assert all(s.keeps(name) for s in sets.values() for name in locked(s.name))
