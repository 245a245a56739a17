"""The list of everything that is rendered. A room adds its own by a module `artefacts.py` with an `ARTEFACTS` tuple."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import acme_lib
from acme_lib.errors import WrongUse
from acme_lib.render.artefact import Artefact

__all__ = ["artefacts"]


def artefacts() -> tuple[Artefact, ...]:
    """Every room's artefacts, rooms in alphabetical order. Raises WrongUse where two claim the same file or block."""
    home = Path(acme_lib.__file__).parent
    rooms = sorted(path.parent.name for path in home.glob("*/artefacts.py"))
    found = tuple(a for room in rooms for a in import_module(f"acme_lib.{room}.artefacts").ARTEFACTS)
    claimed: set[tuple[str, str | None]] = set()
    for artefact in found:
        if (artefact.path, artefact.block) in claimed or (artefact.block and (artefact.path, None) in claimed):
            raise WrongUse(f"{artefact.path}: registered twice; remove one from the rooms' artefacts.py")
        claimed.add((artefact.path, artefact.block))
    return found
