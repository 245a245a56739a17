"""Ed25519 keys: made once, the private half kept where bundles are built, the public half in every edge's trust folder."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from acme_lib.errors import WrongUse

__all__ = ["MOST_ROOTS", "generate_key", "key_id_of", "load_key", "load_trust", "public_bytes", "write_pair"]

PRIVATE = "signing.pem"
MOST_ROOTS = 2  # the present key and the one it is rotated to or from


def public_bytes(key: Ed25519PublicKey) -> bytes:
    """The key's 32 bytes."""
    return key.public_bytes(s.Encoding.Raw, s.PublicFormat.Raw)


def key_id_of(public: bytes) -> str:
    """16 hex digits of SHA-256 over the 32 public bytes: a key's name can't be chosen."""
    return sha256(public).hexdigest()[:16]


def generate_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def write_pair(folder: Path, key: Ed25519PrivateKey) -> tuple[Path, Path]:
    """Writes signing.pem (readable by its owner only) and <key id>.pub. Raises WrongUse where a key pair is there already."""
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / PRIVATE).exists():
        raise WrongUse(
            f"{folder / PRIVATE} exists and is not overwritten; name another folder with --folder, or move it away"
        )
    public = public_bytes(key.public_key())
    private_pem = key.private_bytes(s.Encoding.PEM, s.PrivateFormat.PKCS8, s.NoEncryption())
    public_pem = key.public_key().public_bytes(s.Encoding.PEM, s.PublicFormat.SubjectPublicKeyInfo)
    _create(folder / f"{key_id_of(public)}.pub", public_pem, 0o644)
    _create(folder / PRIVATE, private_pem, 0o600)
    return folder / PRIVATE, folder / f"{key_id_of(public)}.pub"


def load_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file. Raises WrongUse where there is none."""
    try:
        found = s.load_pem_private_key(path.read_bytes(), None)
    except OSError as e:
        raise WrongUse(
            f"{path}: no signing key ({e.strerror}); make one with acme bundle keys, or name it with --key"
        ) from e
    except (ValueError, TypeError, UnsupportedAlgorithm) as e:
        raise WrongUse(f"{path}: is no unencrypted private key in PEM form; make one with acme bundle keys") from e
    if not isinstance(found, Ed25519PrivateKey):
        raise WrongUse(f"{path}: is no Ed25519 key; make one with acme bundle keys")
    return found


def load_trust(folder: Path) -> dict[str, bytes]:
    """Key id -> 32 public bytes of the folder's .pub files, one or two. Raises WrongUse where there are none or more."""
    found: dict[str, bytes] = {}
    for path in sorted(folder.glob("*.pub")):
        try:
            key = s.load_pem_public_key(path.read_bytes())
        except (OSError, ValueError, UnsupportedAlgorithm) as e:
            raise WrongUse(
                f"{path}: is no public key in PEM form; take the .pub file that acme bundle keys wrote"
            ) from e
        if not isinstance(key, Ed25519PublicKey):
            raise WrongUse(f"{path}: is no Ed25519 key; take the .pub file that acme bundle keys wrote")
        found[key_id_of(public_bytes(key))] = public_bytes(key)
    if not found:
        raise WrongUse(f"{folder}: no trust root; copy the .pub file that acme bundle keys wrote into it")
    if len(found) > MOST_ROOTS:
        raise WrongUse(f"{folder}: {len(found)} trust roots, at most {MOST_ROOTS} at once; remove the oldest")
    return found


def _create(path: Path, data: bytes, mode: int) -> None:
    """A new file, on disk on return; one that exists is never replaced."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    except FileExistsError as e:
        raise WrongUse(f"{path} exists and is not overwritten; name another folder with --folder") from e
    with os.fdopen(descriptor, "wb") as f:
        f.write(data)
        f.flush()
        os.fsync(f.fileno())
