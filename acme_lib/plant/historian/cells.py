"""What one cell of a historian file says: nothing, a number, an instant, yes or no. A wrong one is a ValueError with its mend."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from acme_lib.contracts import contracts

__all__ = ["instant_ms", "is_missing", "is_number", "number", "same", "whole"]

MISSING = frozenset(("", "na", "n/a", "#n/a", "nan", "null", "none", "?"))
YES_NO = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
# 1/1/2015 6:00:00 AM, as the original of Azure PdM has it. Without AM or PM nothing tells the day from the month
AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([AP])M", re.IGNORECASE)
START, MS = datetime(1970, 1, 1, tzinfo=UTC), timedelta(milliseconds=1)


def is_missing(text: str) -> bool:
    return text.casefold() in MISSING


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def number(name: str, text: str) -> float | None:
    """None where nothing was measured."""
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if math.isfinite(value):
        return value
    if is_missing(text):
        return None
    raise ValueError(f"{name} is {text!r}; write a finite number, or nothing where there is none")


def whole(name: str, text: str, most: int, least: int = 1) -> int:
    """A whole number; 1.0 is one."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (least <= value <= most and value.is_integer()):
        raise ValueError(f"{name} is {text!r}; write a whole number from {least} to {most}")
    return int(value)


def instant_ms(name: str, text: str) -> int:
    """Milliseconds since 1970; without an offset the time is UTC. One that the bridge would reject is wrong here."""
    first, last = _bounds()
    try:
        found = _american(text) if "/" in text else datetime.fromisoformat(text)
        instant = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        mend = "write 2015-01-01 06:00:00, or 1/1/2015 6:00:00 AM with the month first"
        raise ValueError(f"{name} is {text!r}; {mend}") from None
    if not first <= instant <= last:
        raise ValueError(f"{name} is {text!r}; telemetry is of {first:%Y} to {last:%Y}")
    return (instant - START) // MS


@lru_cache(maxsize=1)
def _bounds() -> tuple[datetime, datetime]:
    bounds = contracts().reasons.timestamp_bounds
    return datetime.fromisoformat(bounds.first), datetime.fromisoformat(bounds.last)


def same(name: str, text: str, wanted: str) -> bool:
    """Whether a cell holds a value, not a spelling: 1, 1.0, true and yes are one. Nothing is no value."""
    if is_missing(text):
        return False
    found, expected = _value(text), _value(wanted)
    if isinstance(expected, float) and not isinstance(found, float):
        raise ValueError(f"{name} is {text!r}; write {wanted} where it happened, 0 or nothing where it did not")
    return found == expected


def _value(text: str) -> float | str:
    plain = text.casefold()
    return YES_NO.get(plain, float(plain) if is_number(plain) else plain)


def _american(text: str) -> datetime:
    found = AMERICAN.fullmatch(text)
    if not found or not 1 <= int(found[4]) <= 12:
        raise ValueError(text)
    month, day, year, hour, minute = map(int, found.groups()[:5])
    return datetime(year, month, day, hour % 12 + 12 * (found[7].upper() == "P"), minute, int(found[6] or 0))
