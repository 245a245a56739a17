"""Our own Java, compiled with ecj at set-up (a headless JRE has no compiler) and again whenever its source changes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import zipfile
from pathlib import Path

from acme_lib.errors import Stop
from acme_lib.settings import Settings
from acme_lib.toolchain.jars import class_path, own_java
from acme_lib.toolchain.java import find_java

__all__ = ["compiled", "jar_path"]

PACKAGE = Path(__file__).parents[1]
TARGET = "17"
ECJ = "org.eclipse.jdt.internal.compiler.batch.Main"


def compiled(settings: Settings, name: str) -> Path:
    """The jar of a source tree declared in jars.yaml, compiled where that is not done yet.

    It lies beside the fetched jars under the hash of the source, so a changed source is built anew. Raises Stop.
    """
    jar, tree = jar_path(settings, name), own_java()[name]
    if not jar.exists():
        source = PACKAGE / tree.source
        jar.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=jar.parent) as scratch:
            classes = Path(scratch) / "classes"
            _ecj(settings, source, tree.against, classes)
            os.replace(_pack(source, classes, Path(scratch) / jar.name), jar)
    return jar


def jar_path(settings: Settings, name: str) -> Path:
    """Where the jar of today's source lies, or would."""
    return settings.jars_dir / "compiled" / f"{name}-{source_hash(PACKAGE / own_java()[name].source)}.jar"


def source_hash(source: Path) -> str:
    """16 hex digits over names and bytes of a tree."""
    digest = hashlib.sha256(TARGET.encode())
    for path in sorted(p for p in source.rglob("*") if p.is_file()):
        digest.update(f"\0{path.relative_to(source)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _ecj(settings: Settings, source: Path, against: str, classes: Path) -> None:
    jars = os.pathsep.join(str(p) for p in sorted((settings.jars_dir / against).glob("*.jar")))
    options = ["--release", TARGET, "-proc:none", "-nowarn", "-cp", jars, "-d", str(classes), str(source)]
    done = subprocess.run(
        [find_java().exe, "-cp", class_path(settings, "ecj"), ECJ, *options],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Stop(f"{source.name} does not compile: {done.stderr.strip() or done.stdout.strip()}")


def _pack(source: Path, classes: Path, jar: Path) -> Path:
    files = [(p, p.relative_to(classes)) for p in sorted(classes.rglob("*.class"))]
    files += [(p, p.relative_to(source)) for p in sorted(source.rglob("*")) if p.is_file() and p.suffix != ".java"]
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as out:
        for path, name in files:
            out.write(path, str(name))
    return jar
