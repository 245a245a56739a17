"""A table's newest commits, read from the files of its Delta log.

A history query is a Spark job, and one run of the pipeline asks dozens of times. Where the log is no local folder the query remains.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["newest", "present"]

COMMIT = re.compile(r"^(\d{20})\.json$")


def present(table: str) -> bool | None:
    """Whether `table` has commits; None where its folder is not local."""
    if "://" in table:
        return None
    log = Path(table) / "_delta_log"
    return log.is_dir() and any(p.suffix in (".json", ".parquet") for p in log.iterdir())


def newest(table: str) -> Iterator[tuple[int, dict[str, Any]]] | None:
    """(version, commitInfo) from the newest commit down; None where `table`'s log is not a local folder."""
    log = Path(table) / "_delta_log"
    if not log.is_dir():
        return None
    versions = sorted((int(m[1]) for p in log.iterdir() if (m := COMMIT.match(p.name))), reverse=True)
    return ((v, _info(log / f"{v:020d}.json")) for v in versions)


def _info(path: Path) -> dict[str, Any]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"commitInfo"'):
                return dict(json.loads(line)["commitInfo"])
    return {}
