"""Any table that contracts/historians.yaml describes, as telemetry: one row is one frame of one machine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from acme_lib.contracts import HistorianTable, contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian.cells import instant_ms, is_missing, number, same, whole
from acme_lib.plant.historian.columns import difference, places
from acme_lib.plant.historian.history import History, digest_of
from acme_lib.plant.historian.sheet import Sheet, headed, no_data, rows_of
from acme_lib.plant.message import Reading

__all__ = ["histories"]

MOST_MACHINES = 999
MOST_ROWS = 1_000_000_000
Frame = tuple[int, int, list[str]]  # what the row is ordered by, its line, its cells


def histories(table: HistorianTable, path: Path, limit: int | None = None) -> list[History]:
    """The history of a folder's one file, or of a file. `limit`: machines. Raises WrongUse naming file, line and mend."""
    file = _file(table, path)
    sheet = headed(file, rows_of(file, table.delimiter))
    place, notes = _places(table, sheet)
    rows = _ordered(table, sheet, place)
    if not rows:
        raise no_data(file)
    block = table.rows_per_equipment or len(rows)
    made = -(-len(rows) // block)
    count = min(made, limit or made)
    if count > MOST_MACHINES:
        raise WrongUse(
            f"{file}: {len(rows):,} rows make {count} machines and {MOST_MACHINES} is the most; "
            "cut the file, or take the first of them with --limit-equipment"
        )
    found = _readings(table, file, place, rows[: count * block], block)
    readings = sorted(found, key=lambda reading: reading.at_ms)
    return [
        History(
            name=f"{table.format}/{file.stem}",
            source_system=table.source_system,
            digest=digest_of([file]),
            count=len(readings),
            partitions={table.equipment.format(number=n): n for n in range(1, count + 1)},
            readings=lambda: iter(readings),
            notes=notes,
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


def _places(table: HistorianTable, sheet: Sheet) -> tuple[dict[str, int], tuple[str, ...]]:
    """(where each described column stands, notes)."""
    columns = [*table.columns, *(event.column for event in table.events)]
    columns += [column for column in (table.order, table.time) if column]
    place = places(sheet, {column: (column, *table.aliases.get(column, ())) for column in columns})
    if not set(table.columns) & set(place) or (table.time and table.time not in place):
        needed = f"{table.time + ' and ' if table.time else ''}{' or '.join(table.columns)}"
        raise WrongUse(f"{sheet.path}:{sheet.line}: columns are {','.join(sheet.names)[:80]!r}; needed: {needed}")
    return place, difference(sheet, dict.fromkeys(columns), place, table.unread)


def _ordered(table: HistorianTable, sheet: Sheet, place: dict[str, int]) -> list[Frame]:
    """By time or number where a column says it, rows alike in all that is read being one; else as they stand."""
    by = table.time or table.order
    if by is None or by not in place:
        return [(0, line, cells) for line, cells in sheet.rows]
    at = place[by]
    others = [n for column, n in place.items() if column != by]
    found: dict[tuple[int, tuple[str, ...]], Frame] = {}
    for line, cells in sheet.rows:
        try:
            rank = instant_ms(by, cells[at]) if table.time else whole(by, cells[at], MOST_ROWS, least=0)
        except ValueError as e:
            raise WrongUse(f"{sheet.path}:{line}: {e}") from e
        found.setdefault((rank, tuple(cells[n] for n in others)), (rank, line, cells))
    return [found[key] for key in sorted(found)]


def _readings(
    table: HistorianTable, file: Path, place: dict[str, int], rows: list[Frame], block: int
) -> Iterator[Reading]:
    tags = {tag.name: tag for tag in contracts().tags.classes[table.equipment_class].tags}
    columns = [(name, place[name], tags[tag]) for name, tag in table.columns.items() if name in place]
    columns.sort(key=lambda column: column[2].kind != "label")
    events = [(place[event.column], event) for event in table.events if event.column in place]
    start = round(datetime.fromisoformat(table.start).timestamp() * 1000) if table.start else 0
    for n, (rank, line, cells) in enumerate(rows):
        machine, step = divmod(n, block)
        place_of = table.equipment.format(number=machine + 1)
        at_ms = rank if table.time else start + round(step * (table.period_s or 0) * 1000)
        try:
            for name, at, tag in columns:
                value = _value(name, cells[at], tag.type)
                if value is not None:
                    yield Reading(at_ms, place_of, tag.name, value, tag.unit)
            for at, event in events:
                if same(event.column, cells[at], event.equals):
                    happened = at_ms + round(event.after_s * 1000)
                    yield Reading(happened, place_of, event.tag, event.value, tags[event.tag].unit)
        except ValueError as e:
            raise WrongUse(f"{file}:{line}: {e}") from e


def _value(name: str, text: str, kind: str) -> str | float | None:
    if kind != "string":
        return number(name, text)
    return None if is_missing(text) else text
