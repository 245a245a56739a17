"""Bundles: a model with all it needs at the edge, signed as one, refused when anything of it changed."""

from acme_lib.models.bundle.counters import Counters
from acme_lib.models.bundle.keys import generate_key, load_key, load_trust, write_pair
from acme_lib.models.bundle.manifest import (
    Bundle,
    Downgrade,
    Manifest,
    Refused,
    Tampered,
    Untrusted,
    read,
    sign,
    verify,
)

__all__ = [
    "Bundle",
    "Counters",
    "Downgrade",
    "Manifest",
    "Refused",
    "Tampered",
    "Untrusted",
    "generate_key",
    "load_key",
    "load_trust",
    "read",
    "sign",
    "verify",
    "write_pair",
]
