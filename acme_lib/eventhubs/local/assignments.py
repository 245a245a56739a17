"""Role assignments of the local namespace: which identity may send to which hub, as a file beside the keys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.eventhubs.local.gate import DATA_SENDER
from acme_lib.settings import Settings

__all__ = ["make_assignments", "read_assignments"]

Assignments = Mapping[str, Mapping[str, str]]


def _path(settings: Settings) -> Path:
    return settings.folder("eventhubs") / "assignments.json"


def make_assignments(settings: Settings) -> None:
    """Bridges of contracts/roles.yaml may send to every hub; an existing file stays, edits included."""
    path = _path(settings)
    if not path.exists():
        senders = {p.identity: DATA_SENDER for p in contracts().roles.principals if p.role == "bridge"}
        path.write_text(json.dumps({hub.name: senders for hub in contracts().bridge.hubs}, indent=2) + "\n")


def read_assignments(settings: Settings) -> Assignments:
    """{hub: {identity: role}}. Raises Stop where the file is broken."""
    path = _path(settings)
    try:
        found: Assignments = json.loads(path.read_text())
    except (OSError, ValueError) as e:
        raise Stop(f"{path}: {e}; correct or delete it") from e
    return found
