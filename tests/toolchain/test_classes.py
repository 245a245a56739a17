"""Class archives: used by the JVM they were left for, and never in the way."""

from __future__ import annotations

import os
import subprocess
import zipfile
from pathlib import Path

import pytest

from acme_lib.settings import load
from acme_lib.toolchain import Java, class_path, find_java, shared_classes

ECJ = "org.eclipse.jdt.internal.compiler.batch.Main"


@pytest.fixture
def home(tmp_path):
    jar = tmp_path / "jars" / "one" / "a.jar"
    jar.parent.mkdir(parents=True)
    with zipfile.ZipFile(jar, "w") as z:
        z.writestr("a.txt", "a")
    return load(home=tmp_path, jars=tmp_path / "jars")


def options(settings):
    return shared_classes(settings, Java(Path("/usr/lib/jvm/17"), "17.0.15"), "one", class_path(settings, "one"))


def archive(settings):
    return next(o for o in options(settings) if "Archive" in o).split("=")[1]


def test_an_archive_is_left_where_there_is_none_and_used_where_there_is(home):
    assert options(home)[0].startswith("-XX:ArchiveClassesAtExit=")
    with open(archive(home), "wb") as f:
        f.write((0xF00BABA8).to_bytes(4, "little") + b"rest")
    assert options(home)[0] == f"-XX:SharedArchiveFile={archive(home)}"


def test_a_half_written_archive_is_made_anew(home):
    with open(archive(home), "wb") as f:
        f.write(bytes(4096))  # its header would have come last
    assert options(home)[0].startswith("-XX:ArchiveClassesAtExit=")


def test_changed_jars_have_an_archive_of_their_own_and_the_old_one_goes(home):
    old = archive(home)
    open(old, "wb").close()
    os.utime(home.jars_dir / "one" / "a.jar", (1, 1))
    assert archive(home) != old
    assert not os.path.exists(old)


def test_a_folder_that_can_t_be_written_gets_none(home):
    (home.jars_dir / "classes").write_text("in the way")
    assert options(home) == []


@pytest.mark.real
def test_a_jvm_starts_from_the_classes_an_earlier_one_left(tmp_path):
    real = load().jars_dir
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "ecj").symlink_to(real / "ecj")
    settings = load(home=tmp_path, jars=tmp_path / "jars")
    java, path = find_java(), class_path(settings, "ecj")

    def run(*more):
        command = [java.exe, *shared_classes(settings, java, "ecj", path), *more, "-cp", path, ECJ, "-version"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "Eclipse Compiler" in run()
    assert "shared objects file (top)" in run("-Xlog:class+load=info")
