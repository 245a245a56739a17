"""Historian files as telemetry: C-MAPSS, Azure PdM, and every table that contracts/historians.yaml describes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian import azure_pdm, cmapss, table
from acme_lib.plant.historian.history import History, replay

__all__ = ["FORMATS", "History", "formats", "histories", "replay"]

FORMATS: dict[str, Callable[[Path, str, str, int | None], list[History]]] = {
    "cmapss": cmapss.histories,
    "azure-pdm": lambda path, _subset, _split, limit: azure_pdm.histories(path, limit),
}


def histories(
    form: str, path: Path, *, subset: str = "FD001", split: str = "train", limit: int | None = None
) -> list[History]:
    """What the files at `path` hold. Raises WrongUse naming file, line and mend."""
    if form not in formats():
        raise WrongUse(f"--format {form}: formats are {', '.join(formats())}")
    if split not in ("train", "test", "both"):
        raise WrongUse(f"--split {split}: train, test or both")
    if limit is not None and limit < 1:
        raise WrongUse(f"--limit-equipment {limit}: give a whole number from 1")
    described = {table.format: table for table in contracts().historians.tables}
    if form in described:
        return table.histories(described[form], path, limit)
    return FORMATS[form](path, subset, split, limit)


def formats() -> tuple[str, ...]:
    """Names of all formats: those with a module, then those described."""
    return (*FORMATS, *(described.format for described in contracts().historians.tables))
