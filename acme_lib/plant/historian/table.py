"""Any table that contracts/historians.yaml describes, as telemetry: one row is one frame of one machine."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from acme_lib.contracts import HistorianTable, contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian.history import History, digest_of, read
from acme_lib.plant.message import Reading

__all__ = ["histories"]

MOST_MACHINES = 999
MISSING = ("", "NA", "NaN", "nan", "null")
Row = tuple[int, dict[str, str]]  # line of the file, its columns


def histories(table: HistorianTable, path: Path, limit: int | None = None) -> list[History]:
    """The history of a folder's one file, or of a file. `limit`: machines. Raises WrongUse naming file, line and mend."""
    file = _file(table, path)
    rows = _rows(table, file)
    count = min(-(-len(rows) // table.rows_per_equipment), limit or MOST_MACHINES)
    if count > MOST_MACHINES:
        raise WrongUse(
            f"{file}: {len(rows):,} rows make {count} machines and {MOST_MACHINES} is the most; cut the file"
        )
    readings = sorted(_readings(table, file, rows[: count * table.rows_per_equipment]), key=lambda r: r.at_ms)
    return [
        History(
            name=f"{table.format}/{file.stem}",
            source_system=table.source_system,
            digest=digest_of([file]),
            count=len(readings),
            partitions={table.equipment.format(number=n): n for n in range(1, count + 1)},
            readings=lambda: iter(readings),
        )
    ]


def _file(table: HistorianTable, path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob(table.files)) if path.is_dir() else []
    if len(found) != 1:
        what = f"{len(found)} files {table.files}" if path.is_dir() else "no such file or folder"
        raise WrongUse(f"{path}: {what}; name the folder that holds one, or the file itself")
    return found[0]


def _rows(table: HistorianTable, file: Path) -> list[Row]:
    reader = csv.DictReader(io.StringIO(read(file).decode("utf-8-sig", "replace")))
    head = reader.fieldnames or []
    if not set(table.columns) & set(head):
        raise WrongUse(f"{file}:1: columns are {','.join(head)[:80]!r}; needed: {' or '.join(table.columns)}")
    rows = []
    for number, row in enumerate(reader, 2):
        if None in row or None in row.values():
            raise WrongUse(f"{file}:{number}: has not the {len(head)} columns of the header; mend the line")
        rows.append((number, row))
    if not rows:
        raise WrongUse(f"{file}: no data lines; fetch the file again")
    return rows


def _readings(table: HistorianTable, file: Path, rows: list[Row]) -> Iterator[Reading]:
    tags = {tag.name: tag for tag in contracts().tags.classes[table.equipment_class].tags}
    start = round(datetime.fromisoformat(table.start).timestamp() * 1000)
    labels_first = sorted(table.columns.items(), key=lambda item: tags[item[1]].kind != "label")
    for n, (number, row) in enumerate(rows):
        machine, step = divmod(n, table.rows_per_equipment)
        place, at_ms = table.equipment.format(number=machine + 1), start + round(step * table.period_s * 1000)
        for column, name in labels_first:
            text = (row.get(column) or "").strip()
            if text not in MISSING:
                value = text if tags[name].type == "string" else _number(f"{file}:{number}", column, text)
                yield Reading(at_ms, place, name, value, tags[name].unit)
        for event in table.events:
            if (row.get(event.column) or "").strip() == event.equals:
                happened = at_ms + round(event.after_s * 1000)
                yield Reading(happened, place, event.tag, event.value, tags[event.tag].unit)


def _number(where: str, column: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise WrongUse(f"{where}: {column} is {text!r}; write a finite number, or nothing where there is none")
    return value
