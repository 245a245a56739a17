"""The messages with a known verdict that every judge of this project must agree on."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "data" / "envelope-vectors.jsonl"


def payload(row: dict[str, Any]) -> bytes:
    """The message's bytes, padded with spaces where the vector says so."""
    return b64decode(row["payload"]).ljust(row.get("padTo", 0))


def vectors() -> list[dict[str, Any]]:
    return [json.loads(line) for line in VECTORS.read_text(encoding="utf-8").splitlines()]
