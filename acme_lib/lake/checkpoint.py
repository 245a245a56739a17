"""Checkpoints of the Bronze queries: a convenience, since progress is in the tables; found corrupt, they are made anew."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from acme_lib import runtime
from acme_lib.errors import Stop, WrongUse
from acme_lib.lake.marks import Marks, key
from acme_lib.monitoring import Audit

__all__ = ["TABLES", "check", "corrupt", "folder", "known", "planned", "rebuild"]

TABLES = ("bronze_events", "bronze_dead_letters")
SIGNS = (
    "MALFORMED_CHECKPOINT",
    "FAILED_READ_STREAMING_STATE",
    "Incomplete log file",
    "Failed to read log file",
    "metadata/",
    "Malformed",
)


def folder(table: str) -> str:
    """Where a table's query keeps its checkpoint."""
    return f"{runtime.checkpoints_dir()}/{table}"


def corrupt(text: str) -> bool:
    """True for the message of a query that could not read its checkpoint."""
    return any(sign in text for sign in SIGNS)


def check(table: str, marks: Marks) -> None:
    """Raises Stop where the checkpoint's files are not what Spark wrote, or claim more than the table's `marks` hold
    (the table was restored to an older state). An absent checkpoint is no fault."""
    root = Path(folder(table))
    if not root.is_dir():
        return
    fault = _fault(root)
    if fault:
        raise Stop(f"checkpoint of {table} is corrupt ({fault}); run acme lake rebuild-checkpoint {table}")
    if ahead := [k for k, end in _done(root).items() if end - 1 > marks.get(k, -1)]:
        raise Stop(
            f"checkpoint of {table} is ahead of the table ({', '.join(ahead)}): going on would leave a gap; "
            f"run acme lake rebuild-checkpoint {table}"
        )


def _done(root: Path) -> dict[str, int]:
    """The next offset of each partition that holds events, after the last batch that the checkpoint calls done."""
    done = [int(p.name) for p in (root / "commits").glob("*") if p.name.isdigit()]
    return _ends(root, max(done, default=-1)) or {}


def planned(table: str, batch: int) -> dict[str, int] | None:
    """The next offset of each partition that holds events, behind this batch, as the query noted before the batch began.

    None where it noted nothing here.
    """
    return _ends(Path(folder(table)), batch)


def _ends(root: Path, batch: int) -> dict[str, int] | None:
    noted = root / "offsets" / str(batch)
    if not noted.is_file():
        return None
    hubs: dict[str, dict[str, int]] = json.loads(noted.read_text().splitlines()[-1])
    return {key(hub, int(p)): end for hub, parts in hubs.items() for p, end in parts.items() if end}


def _fault(root: Path) -> str | None:
    metadata = root / "metadata"
    if metadata.exists() and not _is_json(metadata.read_bytes()):
        return "metadata is not JSON"
    for name in ("offsets", "commits", "sources/0"):
        files = [p for p in (root / name).glob("*") if p.name.isdigit()]
        if files and (fault := _entry_fault(max(files, key=lambda p: int(p.name)))):
            return f"{name}/{fault}"
    return None


def _entry_fault(file: Path) -> str | None:
    """Spark's log entries open with a version line, JSON after it."""
    raw = file.read_bytes()
    lines = raw.lstrip(b"\x00").splitlines()
    if not lines or not lines[0].startswith(b"v"):
        return f"{file.name} has no version"
    return next(
        (f"{file.name} is not JSON" for line in lines[1:] if line not in (b"-", b"") and not _is_json(line)), None
    )


def _is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except ValueError:
        return False
    return True


def known(table: str) -> None:
    """Raises WrongUse for a table that no query fills."""
    if table not in TABLES:
        raise WrongUse(f"table {table} has no checkpoint; it is one of {', '.join(TABLES)}")


def rebuild(table: str, audit: Audit | None, actor: str, now: datetime) -> dict[str, Any]:
    """Puts the checkpoint aside; the next run starts behind the table's own marks. Without an audit it only says what
    it would move. Returns what was (or would be) moved."""
    known(table)
    root = Path(folder(table))
    aside = root.with_name(f"{table}.broken-{now:%Y%m%dT%H%M%S}")
    found = {
        "table": table,
        "checkpoint": str(root),
        "aside": str(aside),
        "existed": root.is_dir(),
        "dry_run": audit is None,
    }
    if audit is None or not root.is_dir():
        return found
    audit.append(actor, "checkpoint.rebuild", table, {"aside": aside.name, "fault": _fault(root)}, now)
    root.rename(aside)
    return found
