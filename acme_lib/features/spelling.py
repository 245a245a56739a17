"""What events and labels say, whatever its spelling: `error1`, `error1 ` and `Error1` are one event and one column."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["distinct", "spelled"]


def spelled(value: str) -> str:
    """One spelling of a value: case and blanks tell nothing apart. Signs do: `+5` is not `-5`."""
    return " ".join(value.split()).casefold()


def distinct(values: Iterable[str]) -> list[str]:
    """Each value once, as `spelled`, in order of first appearance."""
    return list(dict.fromkeys(spelled(value) for value in values))
