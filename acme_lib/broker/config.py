"""The broker's configuration as text: templates and contracts in, files of its home folder out. Drift and checksum of these."""

from __future__ import annotations

import difflib
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jinja2

from acme_lib.contracts import Contracts, contracts

__all__ = ["EXTENSION", "TEMPLATES", "checksum", "drift", "drifted", "facts", "on_disk", "rendered"]

TEMPLATES = Path(__file__).parent / "templates"
EXTENSION = "extensions/acme-access"
# the order counts: Checksum.java computes the same sum over the same names
FILES = {
    "conf/config.xml": "config.xml.j2",
    f"{EXTENSION}/hivemq-extension.xml": "hivemq-extension.xml.j2",
    f"{EXTENSION}/permissions.xml": "permissions.xml.j2",
}
CIPHER_SUITES = (  # forward secrecy and authenticated encryption only
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
)


def facts(found: Contracts, environment: str, host: str, port: int, persistence: str, nodes: int = 1) -> dict[str, Any]:
    """What the templates may name. More than one node asks for HiveMQ Platform: CE does not cluster."""
    identity = next(e.identity for e in found.environments.environments if e.name == environment)
    return {
        "environment": environment,
        "host": host,
        "port": port,
        "persistence": persistence,
        "tls": identity != "user_name",  # identities are certificates everywhere but on one's own machine
        "cipher_suites": CIPHER_SUITES,
        "roles": found.roles,
        "version": found.roles.version,
        "nodes": nodes,
    }


def rendered(environment: str, host: str, port: int, persistence: str) -> dict[str, str]:
    """Path inside the broker's home -> text. Secrets stay placeholders, which the broker fills from its environment."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        autoescape=True,
        keep_trailing_newline=True,
    )
    names = facts(contracts(), environment, host, port, persistence)
    return {path: templates.get_template(name).render(names) for path, name in FILES.items()}


def checksum(files: Mapping[str, str]) -> str:
    """SHA-256 over names and bytes; the access extension logs the same sum of what the broker read at its start."""
    digest = hashlib.sha256()
    for path in FILES:
        digest.update(f"{path}\0".encode() + files.get(path, "").encode() + b"\0")
    return digest.hexdigest()


def on_disk(home: Path) -> dict[str, str]:
    """The configuration files a broker's home holds now; absent ones are left out."""
    return {path: (home / path).read_text(errors="replace") for path in FILES if (home / path).is_file()}


def drifted(home: Path, wanted: Mapping[str, str]) -> list[str]:
    """Paths of the files that differ from the templates, or are absent."""
    found = on_disk(home)
    return [path for path, text in wanted.items() if found.get(path) != text]


def drift(home: Path, wanted: Mapping[str, str]) -> str:
    """Unified diff from the templates to the home folder's files; empty where they agree."""
    found = on_disk(home)
    return "".join(
        line
        for path, text in wanted.items()
        for line in difflib.unified_diff(
            text.splitlines(keepends=True),
            found.get(path, "").splitlines(keepends=True),
            f"template/{path}",
            f"running/{path}" if path in found else "/dev/null",
        )
    )
