"""A bundle's manifest: what a signed model consists of, byte for byte; made, signed and verified. Light enough for the edge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from acme_lib.errors import Quarantine
from acme_lib.models.bundle.keys import key_id_of, public_bytes

__all__ = ["Bundle", "Downgrade", "FileFact", "Manifest", "Refused", "Tampered", "Untrusted", "read", "sign", "verify"]

MANIFEST, SIGNATURE = "manifest.json", "manifest.sig"
MOST_BYTES = 1 << 30  # of one file: more is no model of ours, and is not read into memory


class Refused(Quarantine):
    """The bundle is not taken; what runs goes on. Subclasses say why."""

    code = "REFUSED"


class Untrusted(Refused):
    """Signed by a key that is not among the trust roots."""

    code = "UNTRUSTED"


class Tampered(Refused):
    """Not, byte for byte, what was signed."""

    code = "TAMPERED"


class Downgrade(Refused):
    """Genuine, but older than a bundle that was taken before."""

    code = "DOWNGRADE"


class FileFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """SHA-256 (64 hex digits) and length of one file."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`files` holds every file of the bundle but the manifest and its signature. `counter` rises with every build."""

    use_case: str
    model_version: str
    feature_table_version: str
    counter: int
    created_utc: str
    key_id: str
    files: dict[str, FileFact]

    def to_json(self) -> bytes:
        """The bytes that are signed; equal manifests give equal bytes."""
        return msgspec.json.encode(self, order="sorted")


@dataclass(frozen=True)
class Bundle:
    """A verified bundle, held in memory: what was verified is what is used, whatever happens to the folder afterwards."""

    manifest: Manifest
    files: Mapping[str, bytes]


def facts(files: Mapping[str, bytes]) -> dict[str, FileFact]:
    """Digest and length of each file."""
    return {name: FileFact(sha256(data).hexdigest(), len(data)) for name, data in sorted(files.items())}


def sign(manifest: Manifest, key: Ed25519PrivateKey) -> bytes:
    """The 64 bytes of manifest.sig. Raises Untrusted where the manifest names another key."""
    own = key_id_of(public_bytes(key.public_key()))
    if manifest.key_id != own:
        raise Untrusted(f"the manifest names key {manifest.key_id}, the signing key is {own}; build the bundle anew")
    return key.sign(manifest.to_json())


def verify(folder: Path, trust: Mapping[str, bytes], min_counter: int = 0) -> Manifest:
    """The manifest of a bundle that is genuine and whole. `trust`: key id -> 32 bytes of an Ed25519 public key.

    Raises Untrusted, Tampered or Downgrade, each a sentence on what is wrong and what to do.
    """
    return read(folder, trust, min_counter).manifest


def read(folder: Path, trust: Mapping[str, bytes], min_counter: int = 0) -> Bundle:
    """`verify`, together with the very bytes that were verified."""
    if not folder.is_dir():
        raise Tampered(f"{folder}: no such folder; name a bundle's folder")
    signed, signature = _bytes(folder, MANIFEST), _bytes(folder, SIGNATURE)
    manifest = _genuine(folder, signed, signature, trust)
    _same_names(folder, manifest)
    files = {name: _same_bytes(folder, name, fact) for name, fact in manifest.files.items()}
    if manifest.counter < min_counter:
        raise Downgrade(
            f"{folder}: counter {manifest.counter} is older than {min_counter}, which was taken before; "
            "to go back to an older model build its bundle anew: acme bundle build MODEL VERSION"
        )
    return Bundle(manifest, files)


def _genuine(folder: Path, signed: bytes, signature: bytes, trust: Mapping[str, bytes]) -> Manifest:
    """The signature counts before anything is believed: the manifest is read only to say which key it names."""
    try:
        manifest = msgspec.json.decode(signed, type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as e:
        raise Tampered(f"{folder}/{MANIFEST}: is no manifest ({e}); fetch the bundle again") from e
    public = trust.get(manifest.key_id)
    if public is None:
        known = ", ".join(sorted(trust)) or "none"
        raise Untrusted(
            f"{folder}: names key {manifest.key_id}, trusted are {known}; add that key's .pub file to the trust folder "
            "if you know whose it is, else fetch the bundle again"
        )
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)
    except InvalidSignature as e:
        raise Tampered(
            f"{folder}: manifest and signature do not belong together (key {manifest.key_id}); fetch the bundle again"
        ) from e
    return manifest


def _same_names(folder: Path, manifest: Manifest) -> None:
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_symlink() or not p.is_dir()}
    wanted = {*manifest.files, MANIFEST, SIGNATURE}
    if extra := sorted(there - wanted):
        raise Tampered(
            f"{folder}: holds {', '.join(extra)}, which was not signed; remove it, or fetch the bundle again"
        )
    if missing := sorted(wanted - there):
        raise Tampered(f"{folder}: lacks {', '.join(missing)}; fetch the bundle again")


def _same_bytes(folder: Path, name: str, fact: FileFact) -> bytes:
    data = _bytes(folder, name)
    if len(data) != fact.bytes or sha256(data).hexdigest() != fact.sha256:
        raise Tampered(f"{folder}/{name}: is not what was signed ({len(data)} bytes); fetch the bundle again")
    return data


def _bytes(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        if path.is_symlink():
            raise Tampered(f"{path}: is a link; a bundle holds files only, fetch it again")
        if path.stat().st_size > MOST_BYTES:
            raise Tampered(f"{path}: is larger than {MOST_BYTES >> 20} MiB; fetch the bundle again")
        return path.read_bytes()
    except OSError as e:
        raise Tampered(f"{path}: can't be read ({e.strerror}); fetch the bundle again") from e
