"""A problem of the contracts, told so that the reader knows what to edit."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Problem"]


@dataclass(frozen=True)
class Problem:
    """A fact that is missing or contradicts another: in which file, at which key, and what to do."""

    file: str
    key: str
    mend: str

    def __str__(self) -> str:
        return f"acme_lib/contracts/{self.file}: {self.key}: {self.mend}"
