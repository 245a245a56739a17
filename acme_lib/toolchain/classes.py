"""Class archives: a JVM leaves the classes it loaded, parsed and verified, and the next one of its kind starts from them."""

from __future__ import annotations

import glob
import hashlib
import os
from pathlib import Path

from acme_lib.settings import Settings
from acme_lib.toolchain.java import Java

__all__ = ["shared_classes"]

QUIET = ("-Xlog:cds=off", "-Xlog:cds+dynamic=off")  # else it names every class that it leaves out
# The first word of a finished dynamic archive (JDK's CDS_DYNAMIC_ARCHIVE_MAGIC); the JVM writes its header last, so a
# JVM killed while it wrote leaves a file without it.
MAGIC = (0xF00BABA8).to_bytes(4, "little")


def shared_classes(settings: Settings, java: Java, kind: str, class_path: str) -> list[str]:
    """Java options for a JVM of this kind: start from its archive, or leave one at an orderly end where there is none.

    Archives lie beside the jars, named after Java's version and the class path's jars with their sizes and times. They only save
    time: a missing, stale or broken one is made anew, and a folder that can't be written gets none.
    """
    folder = settings.jars_dir / "classes"
    try:
        archive = folder / f"{kind}-{_state_of(java, class_path)}.jsa"
        if _finished(archive):
            return [f"-XX:SharedArchiveFile={archive}", *QUIET]
        folder.mkdir(exist_ok=True)
        for old in folder.glob(f"{kind}-*.jsa"):
            old.unlink(missing_ok=True)
    except OSError:
        return []
    return [f"-XX:ArchiveClassesAtExit={archive}", *QUIET]


def _finished(archive: Path) -> bool:
    try:
        with archive.open("rb") as f:
            return f.read(len(MAGIC)) == MAGIC
    except FileNotFoundError:
        return False


def _state_of(java: Java, class_path: str) -> str:
    digest = hashlib.sha256(f"{java.home}\0{java.version}\0{class_path}".encode())
    for jar in sorted(jar for part in class_path.split(os.pathsep) for jar in glob.glob(part)):
        found = os.stat(jar)
        digest.update(f"\0{jar}\0{found.st_size}\0{found.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]
