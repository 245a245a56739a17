"""A report of measured figures: what was run, on what, each figure with its spread."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

__all__ = ["REPORTS", "Report", "spread"]

REPORTS = Path(__file__).resolve().parents[2] / "docs" / "reports"


def spread(values: Sequence[float], digits: int = 2) -> str:
    """Median and, in brackets, the least and the most: `1.21 (1.18 to 1.30)`."""
    low, mid, high = min(values), median(values), max(values)
    return f"{mid:,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


@dataclass
class Report:
    """One page of docs/reports. `rows` are table rows under `columns`; `notes` stand below it."""

    name: str
    title: str
    command: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def markdown(self, date: str) -> str:
        table = [f"| {' | '.join(r)} |" for r in (self.columns, ["---"] * len(self.columns), *self.rows)]
        facts = f"{os.cpu_count()} cores, {_memory_gb():.0f} GB, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
        notes = [f"- {n}" for n in self.notes]
        return "\n".join(
            [
                f"# {self.title}",
                "",
                f"Measured {date} on {facts}, shared with other work.",
                "",
                f"    {self.command}",
                "",
                *table,
                "",
                *notes,
                "",
            ]
        )

    def write(self, date: str, folder: Path = REPORTS) -> Path:
        """Writes the page and returns its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.name}.md"
        path.write_text(self.markdown(date), encoding="utf-8")
        return path


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
