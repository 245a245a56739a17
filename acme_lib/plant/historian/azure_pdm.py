"""Azure's predictive-maintenance sample as telemetry: hourly readings, device errors, failures, maintenance, machines.

Files: PdM_telemetry*.csv (needed), PdM_errors.csv, PdM_failures.csv, PdM_maint.csv, PdM_machines.csv (each where present).
Times carry no zone in the source and are taken as UTC. At one instant events come before readings: what the log says of
06:00 is known when the readings of 06:00 are. Events and models are in lower case, and the same line twice is one. Model and
age are labels, published once before a machine's first reading.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import merge
from pathlib import Path

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse
from acme_lib.plant.historian.cells import instant_ms, is_missing, number, whole
from acme_lib.plant.historian.columns import difference, places
from acme_lib.plant.historian.history import History, digest_of, read
from acme_lib.plant.historian.sheet import Sheet, headed, no_data, rows_of
from acme_lib.plant.message import Reading

__all__ = ["histories"]

TELEMETRY = "PdM_telemetry*.csv"
KEYS = ("datetime", "machineID")
GAUGES = ("volt", "rotate", "pressure", "vibration")
EVENTS = (
    ("PdM_errors.csv", "errorID", "device_error"),
    ("PdM_failures.csv", "failure", "failure"),
    ("PdM_maint.csv", "comp", "maintenance"),
)
MACHINES, LABELS = "PdM_machines.csv", {"model": "model", "age": "age_years"}
CELL = "testbed/pdm/line-1/cell-1"
MOST_MACHINES = 999
Frame = tuple[int, int, list[float | None]]  # ms since 1970, machine, a value for each gauge
Event = tuple[int, int, str]  # ms since 1970, machine, what happened


def histories(path: Path, limit: int | None = None) -> list[History]:
    """The history of a folder of the sample's files, or of one telemetry file and its neighbours. `limit`: machines.

    Events are taken of machines that have telemetry. Raises WrongUse naming file, line and mend.
    """
    telemetry = _telemetry(path)
    gauges, frames, notes = _frames(telemetry)
    machines = sorted({machine for _, machine, _ in frames})[:limit]
    first: dict[int, int] = {}  # at what time each machine is first read
    for at_ms, machine, _ in frames:
        first.setdefault(machine, at_ms)
    kept = {machine: first[machine] for machine in machines}
    files, streams = [telemetry], list[list[Reading]]()
    for name, column, tag in EVENTS:
        file = telemetry.parent / name
        if _holds(file, tag, notes):
            files.append(file)
            streams.append(_event_readings(tag, [e for e in _events(file, column, tag, notes) if e[1] in kept]))
    register = telemetry.parent / MACHINES
    if _holds(register, "label", notes):
        files.append(register)
        streams.insert(0, _label_readings(register, kept, notes))
    streams.append(_gauge_readings(gauges, [frame for frame in frames if frame[1] in kept]))
    readings = list(merge(*streams, key=lambda reading: (reading.at_ms, reading.equipment)))
    return [
        History(
            name="azure-pdm/line-1",
            source_system="azure-pdm",
            digest=digest_of(files),
            count=len(readings),
            partitions={equipment(machine): machine for machine in machines},
            readings=lambda: iter(readings),
            notes=tuple(notes),
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


def _holds(path: Path, tag: str, notes: list[str]) -> bool:
    """Whether a file beside the telemetry is there and says anything; what is not is noted."""
    if not path.is_file():
        notes.append(f"{path}: no such file; no {tag} is published")
        return False
    if not read(path).strip(b"\xef\xbb\xbf \t\r\n"):
        notes.append(f"{path}: the file is empty; no {tag} is published")
        return False
    return True


def _table(path: Path, keys: Sequence[str], wanted: Sequence[str]) -> tuple[Sheet, dict[str, int], tuple[str, ...]]:
    """(table, where its columns stand, notes). Raises WrongUse where a key or all that is wanted is absent."""
    sheet = headed(path, rows_of(path))
    columns = [*keys, *wanted]
    place = places(sheet, {name: (name,) for name in columns})
    if not set(keys) <= set(place) or not set(wanted) & set(place):
        raise WrongUse(
            f"{path}:{sheet.line}: columns are {','.join(sheet.names)[:80]!r}; "
            f"needed: {', '.join(keys)} and {' or '.join(wanted)}"
        )
    return sheet, place, difference(sheet, columns, place)


def _key(cells: list[str], place: dict[str, int]) -> tuple[int, int]:
    return instant_ms("datetime", cells[place["datetime"]]), _machine(cells, place)


def _machine(cells: list[str], place: dict[str, int]) -> int:
    return whole("machineID", cells[place["machineID"]], MOST_MACHINES)


def _frames(path: Path) -> tuple[list[str], list[Frame], list[str]]:
    """(gauges there are, frames by time and machine, notes)."""
    sheet, place, notes = _table(path, KEYS, GAUGES)
    gauges = [gauge for gauge in GAUGES if gauge in place]
    found: dict[tuple[int, int], tuple[int, list[float | None]]] = {}
    for line, cells in sheet.rows:
        try:
            key = _key(cells, place)
            values = [number(gauge, cells[place[gauge]]) for gauge in gauges]
        except ValueError as e:
            raise WrongUse(f"{path}:{line}: {e}") from e
        before, held = found.setdefault(key, (line, values))
        if held != values:
            raise WrongUse(
                f"{path}:{line}: machineID {key[1]} at that time stands in line {before} with other values; leave one"
            )
    if not found:
        raise no_data(path)
    return gauges, [(*key, values) for key, (_, values) in sorted(found.items())], list(notes)


def _events(path: Path, column: str, tag: str, notes: list[str]) -> list[Event]:
    """By time and machine; several at one instant stay in the file's order."""
    sheet, place, said = _table(path, KEYS, (column,))
    notes.extend(said)
    found: dict[Event, None] = {}
    for line, cells in sheet.rows:
        text = cells[place[column]].lower()
        try:
            if not is_missing(text):
                found[(*_key(cells, place), text)] = None
        except ValueError as e:
            raise WrongUse(f"{path}:{line}: {e}") from e
    if not found:
        notes.append(f"{path}: nothing stands in it; no {tag} is published")
    return sorted(found, key=lambda event: event[:2])


def _gauge_readings(gauges: list[str], frames: list[Frame]) -> list[Reading]:
    units = _units()
    return [
        Reading(at_ms, equipment(machine), tag, value, units[tag])
        for at_ms, machine, values in frames
        for tag, value in zip(gauges, values, strict=True)
        if value is not None
    ]


def _event_readings(tag: str, events: list[Event]) -> list[Reading]:
    unit = _units()[tag]
    return [Reading(at_ms, equipment(machine), tag, text, unit) for at_ms, machine, text in events]


def _label_readings(path: Path, first: dict[int, int], notes: list[str]) -> list[Reading]:
    """Model and age of each machine, dated at its first reading."""
    sheet, place, said = _table(path, KEYS[1:], tuple(LABELS))
    notes.extend(said)
    units, found, lines = _units(), dict[int, list[Reading]](), dict[int, int]()
    for line, cells in sheet.rows:
        try:
            machine = _machine(cells, place)
            labels = {name: _label(name, cells[place[name]]) for name in LABELS if name in place}
        except ValueError as e:
            raise WrongUse(f"{path}:{line}: {e}") from e
        if machine not in first:
            continue
        readings = [
            Reading(first[machine], equipment(machine), LABELS[name], value, units[LABELS[name]])
            for name, value in labels.items()
            if value is not None
        ]
        before = lines.setdefault(machine, line)
        if found.setdefault(machine, readings) != readings:
            raise WrongUse(f"{path}:{line}: machineID {machine} stands in line {before} with other labels; leave one")
    return sorted((r for each in found.values() for r in each), key=lambda r: (r.at_ms, r.equipment))


def _label(name: str, text: str) -> str | float | None:
    if name == "age":
        return number(name, text)
    return None if is_missing(text) else text.lower()


def _units() -> dict[str, str]:
    return {tag.name: tag.unit for tag in contracts().tags.classes["pdm_machine"].tags}
