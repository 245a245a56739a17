"""Version of the code and contracts that transform: what a table's commit says of how its rows were made."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from acme_lib import __version__

__all__ = ["transformation_version"]

PACKAGE = Path(__file__).resolve().parents[1]


@lru_cache(maxsize=1)
def transformation_version() -> str:
    """`<package>+contracts.<hash>.code.<hash>`: changes with any contract, or any line of the lake's or the UNS's code."""
    contracts = [p for p in sorted((PACKAGE / "contracts").rglob("*")) if p.suffix in (".yaml", ".json")]
    code = [p for room in ("lake", "uns", "contracts") for p in sorted((PACKAGE / room).rglob("*.py"))]
    return f"{__version__}+contracts.{_digest(contracts)}.code.{_digest(code)}"


def _digest(files: list[Path]) -> str:
    total = hashlib.sha256()
    for path in files:
        total.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()[:10]
