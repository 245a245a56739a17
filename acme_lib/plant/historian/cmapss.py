"""C-MAPSS run-to-failure files as telemetry: one engine is one equipment, one cycle one hour of event time.

Format (readme.txt of the data set): unit, cycle, 3 settings, 21 sensors, separated by blanks, no header. A file may have
fewer sensors (the last ones absent, or a header line that names those there are), commas for blanks, and NaN or
nothing for a reading that was not taken. The file of answers (RUL) is never read.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian.history import DIGITS, History, digest_of, read
from acme_lib.plant.message import Reading

__all__ = ["EPOCH_START", "histories", "history"]

EPOCH_START = datetime(2024, 1, 1, tzinfo=UTC)  # event time of cycle 1 of every engine
HOUR_MS = 3_600_000
FAILS_AFTER_MS = 60_000  # the failure event, after the last cycle's readings
FAILURE_MODES = {"fd001": "hpc_degradation", "fd002": "hpc_degradation"}  # the other subsets don't say which of two
KEYS = ("unit", "cycle")
TAGS = tuple(f"setting_{n}" for n in range(1, 4)) + tuple(f"sensor_{n:02d}" for n in range(1, 22))
FEWEST = len(KEYS) + 4
MOST_UNITS = 999
NAME = re.compile(r"(train|test)_(\w+)\.(?:txt|csv)", re.IGNORECASE)
Row = tuple[int, int, tuple[float | None, ...]]  # cycle, unit, values


def histories(path: Path, subset: str, split: str, limit: int | None = None) -> list[History]:
    """The histories of a folder (train_<subset>.txt, test_<subset>.txt), or of one file. `limit`: engines of each.

    Raises WrongUse naming file, line and mend.
    """
    if path.is_dir():
        chosen = ("train", "test") if split == "both" else (split,)
        return [history(path / f"{part}_{subset.upper()}.txt", subset, part, limit) for part in chosen]
    named = NAME.fullmatch(path.name)
    if path.name.upper().startswith("RUL"):
        raise WrongUse(f"{path}: the file of answers is never replayed; name the train or test file")
    if named:
        return [history(path, named[2], named[1].lower(), limit)]
    return [history(path, subset, "train" if split == "both" else split, limit)]


def history(path: Path, subset: str, part: str, limit: int | None = None) -> History:
    """One file as a history; `part` is train or test. Only an engine of train ends in a failure event."""
    if not path.is_file():
        raise WrongUse(f"{path}: no such file; name the folder that holds train_{subset.upper()}.txt, or the file")
    line = subset.lower().replace("_", "-")
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", line):
        raise WrongUse(f"--subset {subset}: it becomes a level of the topic; use letters, digits and hyphens")
    tags, rows = parse(path)
    if limit is not None:
        kept = set(sorted({unit for _, unit, _ in rows})[:limit])
        rows = [row for row in rows if row[1] in kept]
    rows.sort(key=lambda row: row[:2])
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
    )


def equipment(cell: str, unit: int) -> str:
    return f"{cell}/engine-{unit:03d}"


def _readings(cell: str, tags: list[str], rows: list[Row], last: dict[int, int], mode: str) -> Iterator[Reading]:
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


def parse(path: Path) -> tuple[list[str], list[Row]]:
    """(tags, rows) of a file, in the file's order. Raises WrongUse naming line and mend."""
    lines = read(path).decode("ascii", "replace").splitlines()
    first = next(n for n, text in enumerate(lines) if text.strip())
    comma = "," in lines[first]
    head = _split(lines[first], comma)
    tags = _header(path, first + 1, head)
    body = first + 1 if tags is not None else first
    if tags is None:
        tags = _by_count(path, first + 1, len(head))
    rows, before = [], dict[int, int]()
    for number, text in enumerate(lines[body:], body + 1):
        if text.strip():
            rows.append(_row(path, number, _split(text, comma), len(tags), before))
    if not rows:
        raise WrongUse(f"{path}: no data lines; fetch the file again")
    return tags, rows


def _split(text: str, comma: bool) -> list[str]:
    return [part.strip() for part in text.strip().split(",")] if comma else text.split()


def _header(path: Path, number: int, names: list[str]) -> list[str] | None:
    """The tags that a header names; None where the line holds numbers."""
    if all(not name or _is_number(name) for name in names):
        return None
    found = [name.strip('"').lower() for name in names]
    unknown = [name for name in found[2:] if name not in TAGS]
    if found[:2] != list(KEYS) or unknown or len(set(found)) < len(found) or len(found) < 3:
        raise WrongUse(
            f"{path}:{number}: no C-MAPSS file: its header is {' '.join(names)[:60]!r}; "
            "columns are unit, cycle, setting_1 to _3, sensor_01 to _21, or no header at all"
        )
    return found[2:]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _by_count(path: Path, number: int, columns: int) -> list[str]:
    if not FEWEST <= columns <= len(KEYS) + len(TAGS):
        raise WrongUse(
            f"{path}:{number}: {columns} columns where C-MAPSS has 26 (unit, cycle, 3 settings, up to 21 sensors); "
            "name a file of that format"
        )
    return list(TAGS[: columns - len(KEYS)])


def _row(path: Path, number: int, parts: list[str], tags: int, before: dict[int, int]) -> Row:
    if len(parts) != tags + len(KEYS):
        raise WrongUse(
            f"{path}:{number}: {len(parts)} columns where the lines above have {tags + len(KEYS)}; mend the line"
        )
    try:
        unit, cycle = _whole(parts[0]), _whole(parts[1])
        values = tuple(float(part) if part else math.nan for part in parts[2:])
    except ValueError as e:
        raise WrongUse(f"{path}:{number}: {e}; unit and cycle are whole numbers, the rest numbers") from e
    if not 1 <= unit <= MOST_UNITS or cycle < 1:
        raise WrongUse(f"{path}:{number}: unit {unit}, cycle {cycle}; units are 1 to {MOST_UNITS}, cycles from 1")
    if cycle <= before.get(unit, 0):
        raise WrongUse(f"{path}:{number}: cycle {cycle} of unit {unit} follows {before[unit]}; sort the file by cycle")
    before[unit] = cycle
    if any(map(math.isinf, values)):
        raise WrongUse(f"{path}:{number}: an infinite value; leave the reading empty or write NaN")
    return cycle, unit, tuple(None if value != value else value for value in values)


def _whole(text: str) -> int:
    value = float(text)
    if value != int(value):
        raise ValueError(f"{text!r} is no whole number")
    return int(value)
