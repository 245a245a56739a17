"""Java on this machine: found, or installed where Debian and root allow it. Spark 4.1 and the broker run on 17 or 21."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from acme_lib.errors import Stop

__all__ = ["Java", "find_java", "install_java"]

MAJORS = (17, 21)
JVM_FOLDER = Path("/usr/lib/jvm")
OS_RELEASE = Path("/etc/os-release")
PACKAGES = tuple(f"openjdk-{major}-jre-headless" for major in MAJORS)


@dataclass(frozen=True)
class Java:
    """One Java: its home folder and version, such as 17.0.15."""

    home: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    @property
    def exe(self) -> str:
        return str(self.home / "bin" / "java")


def find_java(env: Mapping[str, str] = os.environ, jvm_folder: Path = JVM_FOLDER) -> Java:
    """The first Java 17 or 21 of JAVA_HOME, PATH, /usr/lib/jvm. Raises Stop naming what was found instead."""
    others = []
    for home in _homes(env, jvm_folder):
        version = _version(home)
        if version and Java(home, version).major in MAJORS:
            return Java(home, version)
        if version:
            others.append(f"{version} in {home}")
    found = f"; found only {', '.join(others)}" if others else ""
    raise Stop(
        f"no Java 17 or 21 in JAVA_HOME, PATH or {jvm_folder}{found}; "
        f"install one (on Debian: apt-get install {PACKAGES[0]}) or set JAVA_HOME"
    )


def install_java() -> None:
    """Debian's own headless JRE, when we are root on Debian. Raises Stop where that is not so, or where apt fails."""
    if os.geteuid() != 0 or not _is_debian():
        raise Stop(
            "no Java 17 or 21 found, and set-up installs one only as root on Debian; "
            f"install one (on Debian: sudo apt-get install {PACKAGES[0]}) or set JAVA_HOME, then run make setup again"
        )
    _apt("update")
    known = [p for p in PACKAGES if subprocess.run(["apt-cache", "show", p], capture_output=True).returncode == 0]
    _apt("install", "-y", "--no-install-recommends", known[0] if known else PACKAGES[0])


def _homes(env: Mapping[str, str], jvm_folder: Path) -> Iterator[Path]:
    if env.get("JAVA_HOME"):
        yield Path(env["JAVA_HOME"])
    on_path = shutil.which("java", path=env.get("PATH", ""))
    if on_path:
        yield Path(on_path).resolve().parents[1]
    if jvm_folder.is_dir():
        yield from sorted(p for p in jvm_folder.iterdir() if not p.is_symlink())


def _version(home: Path) -> str | None:
    """From the `release` file that every JDK and JRE carries; from the program itself where that is absent."""
    exe = home / "bin" / "java"
    if not os.access(exe, os.X_OK):
        return None
    try:
        text = (home / "release").read_text()
    except OSError:
        try:
            text = subprocess.run([exe, "-version"], capture_output=True, text=True, timeout=20).stderr
        except (OSError, subprocess.TimeoutExpired):
            return None
    found = re.search(r'(?:JAVA_VERSION=|version )"(\d[^"]*)"', text)
    return found[1] if found else None


def _is_debian() -> bool:
    try:
        return bool(re.search(r"^ID(_LIKE)?=.*debian", OS_RELEASE.read_text(), re.M)) and bool(shutil.which("apt-get"))
    except OSError:
        return False


def _apt(*words: str) -> None:
    done = subprocess.run(
        ["apt-get", "-q", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Stop(f"apt-get {words[0]} failed ({last}); install {PACKAGES[0]} by hand, then run make setup again")
