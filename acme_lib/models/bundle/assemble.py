"""From files to a signed bundle folder that is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import mkdtemp

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from acme_lib.errors import WrongUse
from acme_lib.models.bundle.keys import key_id_of, public_bytes
from acme_lib.models.bundle.manifest import MANIFEST, SIGNATURE, Manifest, facts, sign

__all__ = ["assemble"]


def assemble(
    files: Mapping[str, bytes],
    out: Path,
    key: Ed25519PrivateKey,
    *,
    use_case: str,
    model_version: str,
    feature_table_version: str,
    counter: int,
    created: datetime,
) -> Path:
    """Writes out/<use_case>-<model_version>, signed. Raises WrongUse where that folder exists already."""
    folder = out / f"{use_case}-{model_version}"
    if folder.exists():
        raise WrongUse(f"{folder} exists and is not overwritten; move it away, or name another folder with --out")
    manifest = Manifest(
        use_case=use_case,
        model_version=model_version,
        feature_table_version=feature_table_version,
        counter=counter,
        created_utc=f"{created:%Y-%m-%dT%H:%M:%SZ}",
        key_id=key_id_of(public_bytes(key.public_key())),
        files=facts(files),
    )
    out.mkdir(parents=True, exist_ok=True)
    fresh = Path(mkdtemp(prefix=".new-", dir=out))  # hidden: an edge that watches `out` never sees half a bundle
    try:
        for name, data in {**files, MANIFEST: manifest.to_json(), SIGNATURE: sign(manifest, key)}.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(data)
        fresh.chmod(0o755)
        os.rename(fresh, folder)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise
    return folder
