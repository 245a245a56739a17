"""`acme dlq triage --lakehouse`: the newest letters of bronze_dead_letters, read without Spark."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from acme_lib.bridge.dlq_cli import app
from acme_lib.errors import Stop
from acme_lib.uns import Rejected, dead_letter

FIRST = datetime(2026, 11, 24, tzinfo=UTC)
Triage = Callable[..., dict[str, Any]]


def letter(n: int, reason: str, detail: str, raw: bytes) -> bytes:
    return dead_letter(Rejected(reason, detail), f"acme/a/{n}", raw, 1_764_000_000_000 + n, "bridge-1", n, None)


@pytest.fixture
def lakehouse(tmp_path: Path) -> Path:
    """Three letters of two reasons, and a body that is none; written out of order."""
    bodies = [
        letter(1, "SCHEMA_INVALID", "NOT_JSON", b"{old"),
        letter(2, "SCHEMA_INVALID", "NOT_JSON", b"{new\xff"),
        letter(3, "FIELD_MISSING", "TS_UTC_MISSING", b"{}"),
        b"no letter",
    ]
    times = [FIRST + timedelta(hours=h) for h in (1, 4, 2, 3)]
    table = pa.table(
        {"enqueued_utc": pa.array(times, pa.timestamp("us", "UTC")), "body": bodies, "source_offset": [7, 4, 5, 6]}
    )
    write_deltalake(str(tmp_path / "Tables" / "bronze_dead_letters"), table)
    return tmp_path


def triage(lakehouse: Path, *words: str) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["triage", "--lakehouse", str(lakehouse), "--json", *words], catch_exceptions=False)
    assert done.exit_code == 0
    found: dict[str, Any] = json.loads(done.output)
    return found


def test_reasons_by_frequency_with_their_mend_and_the_newest_example(lakehouse: Path) -> None:
    found = triage(lakehouse, "--examples", "1")
    assert [(g["reason"], g["detail"], g["read"]) for g in found["groups"]] == [
        ("SCHEMA_INVALID", "NOT_JSON", 2),
        ("FIELD_MISSING", "TS_UTC_MISSING", 1),
    ]
    assert found["not_dead_letters"] == 1
    first = found["groups"][0]
    assert first["mend"] == "Send one JSON object."
    assert [(e["bridge_seq"], e["shown"]) for e in first["examples"]] == [(2, "{new\\xff")]


def test_most_counts_the_newest(lakehouse: Path) -> None:
    assert sum(g["read"] for g in triage(lakehouse, "--most", "1")["groups"]) == 1


def test_a_folder_without_the_table_says_what_to_name(tmp_path: Path) -> None:
    with pytest.raises(Stop, match=r"no table .*bronze_dead_letters: name a lakehouse folder"):
        triage(tmp_path)
