"""Microsoft's Java SDK of Event Hubs as an independent witness: our small programs, compiled with ecj, run against its jars."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from acme_lib.errors import Stop
from acme_lib.eventhubs.local.tls import ca_file
from acme_lib.settings import Settings
from acme_lib.toolchain import find_java

SOURCES = Path(__file__).parent / "java"
JARS = Path(os.environ["ACME_JARS"])


def _jars(name: str) -> str:
    found = sorted((JARS / name).glob("*.jar"))
    if not found:
        pytest.skip(f"no jars in {JARS / name}; run `acme setup --with test`")
    return os.pathsep.join(map(str, found))


def java() -> str:
    try:
        return find_java().exe
    except Stop as e:
        pytest.skip(str(e))


def compile_all(classes: Path) -> None:
    compiler = [java(), "-cp", _jars("ecj"), "org.eclipse.jdt.internal.compiler.batch.Main"]
    sources = [str(p) for p in sorted(SOURCES.glob("*.java"))]
    subprocess.run(
        [*compiler, "--release", "17", "-nowarn", "-cp", _jars("test"), "-d", str(classes), *sources], check=True
    )


def run(classes: Path, program: str, *args: str, options: tuple[str, ...] = ()) -> str:
    """What the program printed; its errors with it where it fails."""
    argv = [java(), "-Xmx256m", *options, "-cp", f"{classes}{os.pathsep}{_jars('test')}", program, *args]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def trust(settings: Settings, store: Path) -> None:
    """A PKCS12 trust store that holds the local authority, made without keytool."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
    from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

    authority = x509.load_pem_x509_certificate(ca_file(settings).read_bytes())
    trusted = [PKCS12Certificate(authority, b"acme")]
    store.write_bytes(serialize_java_truststore(trusted, BestAvailableEncryption(b"changeit")))
