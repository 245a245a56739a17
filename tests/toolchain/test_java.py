"""Java is found where it lies; where there is none, one sentence says what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.toolchain import java
from acme_lib.toolchain.java import find_java, install_java


def a_java(folder: Path, version: str, *, release: bool = True) -> Path:
    exe = folder / "bin" / "java"
    exe.parent.mkdir(parents=True)
    exe.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-01-01' >&2\n")
    exe.chmod(0o755)
    if release:
        (folder / "release").write_text(f'IMPLEMENTOR="x"\nJAVA_VERSION="{version}"\n')
    return folder


def test_java_home_comes_before_path_and_the_usual_folder(tmp_path):
    home, other = a_java(tmp_path / "a", "21.0.2"), a_java(tmp_path / "jvm" / "b", "17.0.1")
    found = find_java({"JAVA_HOME": str(home), "PATH": str(other / "bin")}, tmp_path / "jvm")
    assert (found.home, found.version, found.major) == (home, "21.0.2", 21)


def test_a_java_too_new_is_passed_over(tmp_path):
    newest, right = a_java(tmp_path / "jvm" / "a25", "25.0.1"), a_java(tmp_path / "jvm" / "b17", "17.0.15")
    found = find_java({"JAVA_HOME": str(newest), "PATH": str(newest / "bin")}, tmp_path / "jvm")
    assert found.home == right


def test_a_java_without_a_release_file_is_asked(tmp_path):
    home = a_java(tmp_path / "a", "17.0.9", release=False)
    assert find_java({"PATH": str(home / "bin")}, tmp_path / "none").version == "17.0.9"


def test_none_found_is_one_sentence_naming_what_was_found(tmp_path):
    old = a_java(tmp_path / "old", "11.0.2")
    with pytest.raises(Stop) as refused:
        find_java({"JAVA_HOME": str(old), "PATH": str(tmp_path)}, tmp_path / "none")
    assert "no Java 17 or 21" in str(refused.value)
    assert f"found only 11.0.2 in {old}" in str(refused.value)
    assert "openjdk-17-jre-headless" in str(refused.value)


@pytest.mark.parametrize(("uid", "system"), [(1000, "ID=debian\n"), (0, "ID=fedora\n")])
def test_only_root_on_debian_installs(tmp_path, monkeypatch, uid, system):
    (tmp_path / "os-release").write_text(system)
    monkeypatch.setattr(java, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr("os.geteuid", lambda: uid)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: pytest.fail("ran a command"))
    with pytest.raises(Stop, match="as root on Debian"):
        install_java()


def test_root_on_debian_updates_first_and_takes_the_release_s_java(tmp_path, monkeypatch):
    """Debian 13 has no Java 17 any more."""
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_ID="13"\n')
    ran: list[list[str]] = []

    def run(words, **_):
        ran.append(words)
        return subprocess.CompletedProcess(words, int(words[1:] == ["show", "openjdk-17-jre-headless"]), "", "")

    monkeypatch.setattr(java, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda *_: "/usr/bin/apt-get")
    monkeypatch.setattr(subprocess, "run", run)
    install_java()
    apt = [words[2:] for words in ran if words[0] == "apt-get"]
    assert apt == [["update"], ["install", "-y", "--no-install-recommends", "openjdk-21-jre-headless"]]


def test_a_failing_apt_is_one_sentence(tmp_path, monkeypatch):
    (tmp_path / "os-release").write_text("ID=debian\n")
    monkeypatch.setattr(java, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda *_: "/usr/bin/apt-get")
    monkeypatch.setattr(subprocess, "run", lambda w, **_: subprocess.CompletedProcess(w, 100, "", "E: no network\n"))
    with pytest.raises(Stop, match=r"apt-get update failed \(E: no network\)"):
        install_java()
