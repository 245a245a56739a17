"""C-MAPSS run-to-failure files as telemetry: one engine is one equipment, one cycle one hour of event time.

Format (readme.txt of the data set): unit, cycle, 3 settings, 21 sensors, separated by blanks, no header. A file may have
fewer sensors (the last ones absent, or a header line that names those there are, in any order), commas, semicolons or tabs
for blanks, and NaN or nothing for a reading that was not taken. The file of answers (RUL) is never read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from operator import itemgetter
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian.cells import is_missing, is_number, number, whole
from acme_lib.plant.historian.columns import difference, places
from acme_lib.plant.historian.history import DIGITS, History, digest_of
from acme_lib.plant.historian.sheet import Row, Sheet, filled, fitted, headed, no_data, rows_of
from acme_lib.plant.message import Reading

__all__ = ["EPOCH_START", "histories", "history"]

EPOCH_START = datetime(2024, 1, 1, tzinfo=UTC)  # event time of cycle 1 of every engine
HOUR_MS = 3_600_000
FAILS_AFTER_MS = 60_000  # the failure event, after the last cycle's readings
FAILURE_MODES = {"fd001": "hpc_degradation", "fd002": "hpc_degradation"}  # the other subsets don't say which of two
KEYS = ("unit", "cycle")
TAGS = tuple(f"setting_{n}" for n in range(1, 4)) + tuple(f"sensor_{n:02d}" for n in range(1, 22))
# What others write above the columns; case, blanks, underscores and leading zeros don't count. `id` may be a row's, so it is last
NAMES = {
    "unit": ("unit", "unit_nr", "unit_number", "unit_id", "engine", "engine_nr", "engine_number", "engine_id", "id"),
    "cycle": ("cycle", "time_cycles", "time_in_cycles", "cycles", "time"),
    **{f"setting_{n}": tuple(f"{name}_{n}" for name in ("setting", "op_setting", "operational_setting", "os"))
       for n in range(1, 4)},
    **{f"sensor_{n:02d}": tuple(f"{name}_{n}" for name in ("sensor", "s", "sensor_measurement")) for n in range(1, 22)},
}  # fmt: skip
FEWEST = len(KEYS) + 4
MOST_UNITS, MOST_CYCLES = 999, 100_000  # cycles are hours: 11 years
PART = re.compile(r"(?:^|FD00\d[_-])(train|test)(?![a-z])", re.IGNORECASE)
SUBSET = re.compile(r"FD00\d(?!\d)", re.IGNORECASE)
NAME = re.compile(r"(?:train|test)_(\w+)\.(?:txt|csv)", re.IGNORECASE)
Frame = tuple[int, int, tuple[float | None, ...]]  # cycle, unit, values


def histories(path: Path, subset: str, split: str, limit: int | None = None) -> list[History]:
    """The histories of a folder (train_<subset>.txt, test_<subset>.txt), or of one file. `limit`: engines of each.

    Raises WrongUse naming file, line and mend.
    """
    if path.is_dir():
        chosen = ("train", "test") if split == "both" else (split,)
        return [history(path / f"{part}_{subset.upper()}.txt", subset, part, limit) for part in chosen]
    if path.name.upper().startswith("RUL"):
        raise WrongUse(f"{path}: the file of answers is never replayed; name the train or test file")
    part = PART.search(path.name)
    chosen_part = part[1].lower() if part else "train" if split == "both" else split
    return [history(path, _subset(path) or subset, chosen_part, limit)]


def _subset(path: Path) -> str | None:
    """The subset that a file's name says: all behind train_ or test_ (FD004_part is a set of its own), else FD00n in it."""
    named, known = NAME.fullmatch(path.name), SUBSET.search(path.name)
    return named[1] if named else known[0] if known else None


def history(path: Path, subset: str, part: str, limit: int | None = None) -> History:
    """One file as a history; `part` is train or test. Only an engine of train ends in a failure event."""
    if not path.is_file():
        others = sorted({found[0].upper() for file in path.parent.glob("*") if (found := SUBSET.search(file.name))})
        there = f"the folder holds {', '.join(others)}: say --subset; else " if others else ""
        raise WrongUse(
            f"{path}: no such file; {there}name the folder that holds train_{subset.upper()}.txt, or the file"
        )
    line = subset.lower().replace("_", "-")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", line):
        raise WrongUse(f"--subset {subset}: it becomes a level of the topic; use letters, digits and hyphens")
    tags, rows, notes = parse(path)
    if limit is not None:
        kept = set(sorted({unit for _, unit, _ in rows})[:limit])
        rows = [row for row in rows if row[1] in kept]
    cell = f"testbed/turbofan/{line}/{part}"
    last = {unit: cycle for cycle, unit, _ in rows} if part == "train" else {}
    units = sorted({unit for _, unit, _ in rows})
    readings = sum(value is not None for _, _, values in rows for value in values)
    return History(
        name=f"cmapss/{line}/{part}",
        source_system=f"cmapss-{line}-{part}",
        digest=digest_of([path])[:DIGITS],
        count=readings + len(last),
        partitions={equipment(cell, unit): unit for unit in units},
        readings=lambda: _readings(cell, tags, rows, last, FAILURE_MODES.get(line, "degradation")),
        notes=notes,
    )


def equipment(cell: str, unit: int) -> str:
    return f"{cell}/engine-{unit:03d}"


def _readings(cell: str, tags: list[str], rows: list[Frame], last: dict[int, int], mode: str) -> Iterator[Reading]:
    units = {tag.name: tag.unit for tag in contracts().tags.classes["turbofan"].tags}
    named = [(tag, units[tag]) for tag in tags]
    start_ms = int(EPOCH_START.timestamp() * 1000)
    for cycle, unit, values in rows:
        at_ms, place = start_ms + (cycle - 1) * HOUR_MS, equipment(cell, unit)
        for (tag, unit_of), value in zip(named, values, strict=True):
            if value is not None:
                yield Reading(at_ms, place, tag, value, unit_of)
        if last.get(unit) == cycle:
            # published in its cycle, so that the stream stays in the order of the hours
            yield Reading(at_ms, place, "failure", mode, units["failure"], at_ms + FAILS_AFTER_MS)


def parse(path: Path) -> tuple[list[str], list[Frame], tuple[str, ...]]:
    """(tags, frames by cycle and unit, notes) of a file. Raises WrongUse naming line and mend."""
    rows = rows_of(path, blanks=True)
    first = next(rows)
    has_header = not all(is_number(cell) or is_missing(cell) for cell in first[1])
    sheet = headed(path, chain([first], rows)) if has_header else _without_header(path, first, rows)
    place = places(sheet, NAMES)
    if not set(KEYS) <= set(place) or len(place) == len(KEYS):
        raise WrongUse(
            f"{path}:{sheet.line}: no C-MAPSS file: its header is {' '.join(sheet.names)[:60]!r}; "
            "columns are unit, cycle, setting_1 to _3, sensor_01 to _21, or no header at all"
        )
    tags = [tag for tag in TAGS if tag in place]
    return tags, _frames(sheet, tags, place), difference(sheet, NAMES, place)


def _without_header(path: Path, first: Row, others: Iterator[Row]) -> Sheet:
    """The readme's columns, as many as there are; one that is empty to the last line is none."""
    line, cells = first
    columns, rows = len(cells), [first]
    if not cells[-1]:
        rows += others
        columns = min(columns, max(filled(cells) for _, cells in rows))
    if not FEWEST <= columns <= len(KEYS) + len(TAGS):
        raise WrongUse(
            f"{path}:{line}: {columns} columns where C-MAPSS has 26 (unit, cycle, 3 settings, up to 21 sensors); "
            "name a file of that format"
        )
    return Sheet(
        path, line, [*KEYS, *TAGS][:columns], fitted(path, chain(rows, others), columns, "the lines above have")
    )


def _frames(sheet: Sheet, tags: list[str], place: dict[str, int]) -> list[Frame]:
    """A frame for each unit and cycle: the same line twice is one."""
    pick = itemgetter(*(place[name] for name in (*KEYS, *tags)))
    found: dict[tuple[int, int], tuple[int, tuple[float | None, ...]]] = {}
    for line, cells in sheet.rows:
        try:
            unit, cycle, values = _frame(pick(cells), tags)
        except ValueError as e:
            raise WrongUse(f"{sheet.path}:{line}: {e}") from e
        before, held = found.setdefault((cycle, unit), (line, values))
        if held != values:
            raise WrongUse(
                f"{sheet.path}:{line}: unit {unit}, cycle {cycle} stands in line {before} with other values; leave one"
            )
    if not found:
        raise no_data(sheet.path)
    return [(*key, values) for key, (_, values) in sorted(found.items())]


def _frame(cells: tuple[str, ...], tags: list[str]) -> tuple[int, int, tuple[float | None, ...]]:
    unit, cycle = whole("unit", cells[0], MOST_UNITS), whole("cycle", cells[1], MOST_CYCLES)
    try:
        values = tuple(map(float, cells[2:]))
    except ValueError:
        values = (math.nan,)
    if math.isfinite(sum(values)):
        return unit, cycle, values
    return unit, cycle, tuple(map(number, tags, cells[2:]))  # says which is wrong, or that it is missing
