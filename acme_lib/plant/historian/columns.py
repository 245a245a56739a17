"""Which column of a file is meant, however its header spells it; and what is said of those not found and not read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from acme_lib.errors import WrongUse
from acme_lib.plant.historian.sheet import Sheet

__all__ = ["difference", "places"]

UNIT = re.compile(r"[\[(]([^\])]*)[\])]\s*$")
BETWEEN = re.compile(r"(?<!\d)[\W_]+|[\W_]+(?!\d)")  # kept between digits: s_1.1 is a second s_1, not s_11
ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
Key = tuple[str, str]  # name, unit


def places(sheet: Sheet, wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Where each column stands that the file has, by the first of its names that occurs.

    Names are alike without case, blanks, underscores, leading zeros and unit; another unit is another column.
    Raises WrongUse where a name fits two columns.
    """
    keys = [_key(name) for name in sheet.names]
    found = {}
    for column, names in wanted.items():
        for name in names:
            fit = [n for n, key in enumerate(keys) if _alike(key, _key(name))]
            if len(fit) > 1:
                fit = _exactly(sheet, name, fit)
            if fit:
                found[column] = fit[0]
                break
    return found


def difference(
    sheet: Sheet, wanted: Collection[str], found: Mapping[str, int], known: Sequence[str] = ()
) -> tuple[str, ...]:
    """One line on the columns not found and those not read but for the `known`; none where there is nothing to say."""
    absent = [column for column in wanted if column not in found]
    silent, left = {_key(name) for name in known}, set(range(len(sheet.names))) - set(found.values())
    unread = [sheet.names[n] for n in sorted(left) if sheet.names[n] and _key(sheet.names[n]) not in silent]
    said = [f"{what}: {', '.join(names)}" for what, names in (("not found", absent), ("not read", unread)) if names]
    return (f"{sheet.path}: columns {'; '.join(said)}",) if said else ()


def _exactly(sheet: Sheet, name: str, fit: list[int]) -> list[int]:
    exact = [n for n in fit if sheet.names[n] == name]
    if len(exact) != 1:
        both = " and ".join(repr(sheet.names[n]) for n in fit)
        raise WrongUse(f"{sheet.path}:{sheet.line}: columns {both} are both {name}; leave one in the file")
    return exact


def _key(name: str) -> Key:
    unit = UNIT.search(name)
    return _plain(UNIT.sub("", name)), _plain(unit[1]) if unit else ""


def _plain(text: str) -> str:
    return ZEROS.sub("", BETWEEN.sub("", text.casefold()))


def _alike(found: Key, wanted: Key) -> bool:
    if found[0] == wanted[0]:
        return not found[1] or not wanted[1] or found[1] == wanted[1]
    return found == (wanted[0] + wanted[1], "")  # a unit without brackets: Torque Nm
