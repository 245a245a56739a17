"""Azure's predictive-maintenance sample as telemetry: hourly readings, device errors, failures, maintenance, machines.

Files: PdM_telemetry*.csv (needed), PdM_errors.csv, PdM_failures.csv, PdM_maint.csv, PdM_machines.csv (each where present).
Times carry no zone in the source and are taken as UTC. At one instant events come before readings: what the log says of
06:00 is known when the readings of 06:00 are. Model and age are labels, published once before a machine's first reading.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from heapq import merge
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian.history import History, digest_of, read
from acme_lib.plant.message import Reading

__all__ = ["histories"]

TELEMETRY = "PdM_telemetry*.csv"
GAUGES = ("volt", "rotate", "pressure", "vibration")
EVENTS = (
    ("PdM_errors.csv", "errorID", "device_error"),
    ("PdM_failures.csv", "failure", "failure"),
    ("PdM_maint.csv", "comp", "maintenance"),
)
MACHINES, LABELS = "PdM_machines.csv", (("model", "model"), ("age", "age_years"))
CELL = "testbed/pdm/line-1/cell-1"
MOST_MACHINES = 999
Record = tuple[int, int, int, list[str]]  # ms since 1970, machine, line of the file, the chosen columns


def histories(path: Path, limit: int | None = None) -> list[History]:
    """The history of a folder of the sample's files, or of one telemetry file and its neighbours. `limit`: machines.

    Events are taken of machines that have telemetry. Raises WrongUse naming file, line and mend.
    """
    telemetry = _telemetry(path)
    gauges, records = _table(telemetry, GAUGES)
    if not records:
        raise WrongUse(f"{telemetry}: no data lines; fetch the file again")
    events = [(telemetry.parent / name, column, tag) for name, column, tag in EVENTS]
    events = [found for found in events if found[0].is_file()]
    machines = sorted({machine for _, machine, _, _ in records})[:limit]
    kept = set(machines)
    register = telemetry.parent / MACHINES
    streams = [_label_readings(register, [r for r in records if r[1] in kept])]
    for file, column, tag in events:
        _, rows = _table(file, (column,))
        streams.append(_event_readings(tag, [r for r in rows if r[1] in kept]))
    streams.append(_gauge_readings(telemetry, gauges, [r for r in records if r[1] in kept]))
    files = [telemetry, *(file for file, _, _ in events), *([register] if register.is_file() else [])]
    readings = list(merge(*streams, key=lambda reading: (reading.at_ms, reading.equipment)))
    return [
        History(
            name="azure-pdm/line-1",
            source_system="azure-pdm",
            digest=digest_of(files),
            count=len(readings),
            partitions={equipment(machine): machine for machine in machines},
            readings=lambda: iter(readings),
        )
    ]


def equipment(machine: int) -> str:
    return f"{CELL}/machine-{machine:03d}"


def _telemetry(path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob(TELEMETRY)) if path.is_dir() else []
    if len(found) != 1:
        what = f"{len(found)} files {TELEMETRY}" if path.is_dir() else "no such file or folder"
        raise WrongUse(f"{path}: {what}; name the folder that holds one, or the telemetry file itself")
    return found[0]


def _gauge_readings(path: Path, gauges: list[str], records: list[Record]) -> list[Reading]:
    units = _units()
    found = []
    for at_ms, machine, number, texts in sorted(records, key=lambda record: record[:2]):
        place = equipment(machine)
        for tag, text in zip(gauges, texts, strict=True):
            value = _number(f"{path}:{number}", tag, text)
            if value is not None:
                found.append(Reading(at_ms, place, tag, value, units[tag]))
    return found


def _event_readings(tag: str, records: list[Record]) -> list[Reading]:
    unit = _units()[tag]
    return [
        Reading(at_ms, equipment(machine), tag, texts[0], unit)
        for at_ms, machine, _, texts in sorted(records, key=lambda record: record[:2])
    ]


def _label_readings(path: Path, records: list[Record]) -> list[Reading]:
    """Model and age of each machine, dated at its first reading."""
    if not path.is_file():
        return []
    first: dict[int, int] = {}
    for at_ms, place, _, _ in records:
        first[place] = min(at_ms, first.get(place, at_ms))
    rows, units = csv.DictReader(io.StringIO(read(path).decode("utf-8-sig", "replace"))), _units()
    if "machineID" not in (rows.fieldnames or ()):
        raise WrongUse(f"{path}:1: no column machineID; fetch the file again")
    found = []
    for number, row in enumerate(rows, 2):
        if not (row["machineID"] or "").strip().isdecimal():
            raise WrongUse(f"{path}:{number}: machineID {row['machineID']!r}; it is a whole number")
        machine = int(row["machineID"])
        for column, tag in LABELS:
            text = (row.get(column) or "").strip()
            value = _number(f"{path}:{number}", column, text) if column == "age" else text
            if machine in first and value not in (None, ""):
                found.append(Reading(first[machine], equipment(machine), tag, value, units[tag]))
    return sorted(found, key=lambda reading: (reading.at_ms, reading.equipment))


def _units() -> dict[str, str]:
    return {tag.name: tag.unit for tag in contracts().tags.classes["pdm_machine"].tags}


def _number(where: str, tag: str, text: str) -> float | None:
    if text.strip() in ("", "NaN", "nan", "NA", "null"):
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.inf
    if not math.isfinite(value):
        raise WrongUse(f"{where}: {tag} is {text!r}; a reading is a finite number, or empty where none was taken")
    return value


def _table(path: Path, wanted: tuple[str, ...]) -> tuple[list[str], list[Record]]:
    """(columns there are of `wanted`, records). Raises WrongUse naming line and mend."""
    rows = csv.reader(io.StringIO(read(path).decode("utf-8-sig", "replace")))
    head = next(rows)
    columns = [name for name in wanted if name in head]
    if "datetime" not in head or "machineID" not in head or not columns:
        raise WrongUse(
            f"{path}:1: columns are {','.join(head)[:80]!r}; needed: datetime, machineID and {' or '.join(wanted)}"
        )
    at, machine = head.index("datetime"), head.index("machineID")
    places = [head.index(name) for name in columns]
    return columns, list(_records(path, rows, len(head), at, machine, places))


def _records(
    path: Path, rows: Iterator[list[str]], width: int, at: int, machine: int, places: list[int]
) -> Iterator[Record]:
    for number, row in enumerate(rows, 2):
        if not row:
            continue
        if len(row) != width:
            raise WrongUse(f"{path}:{number}: {len(row)} columns where the header has {width}; mend the line")
        try:
            instant = datetime.fromisoformat(row[at]).replace(tzinfo=UTC)
            which = int(row[machine])
        except ValueError as e:
            raise WrongUse(f"{path}:{number}: {e}; datetime is 2015-01-01 06:00:00, machineID a whole number") from e
        if not 1 <= which <= MOST_MACHINES:
            raise WrongUse(f"{path}:{number}: machineID {which}; machines are 1 to {MOST_MACHINES}")
        yield int(instant.timestamp() * 1000), which, number, [row[place] for place in places]
