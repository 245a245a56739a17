"""A historian file as numbered rows of stripped cells, whatever its encoding, line ends, separator and quotes."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from acme_lib.errors import WrongUse
from acme_lib.plant.historian.cells import is_number
from acme_lib.plant.historian.history import read

__all__ = ["Row", "Sheet", "filled", "fitted", "headed", "no_data", "rows_of"]

Row = tuple[int, list[str]]  # line of the file, its cells
SEPARATORS = ";,\t"
NOTHING = ' \t\r\f\v\xa0,;"'  # a line of these alone is blank
QUOTED = re.compile(r'"[^"]*"')


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table: its columns, the line that names them, and rows just as wide, to be taken once."""

    path: Path
    line: int
    names: list[str]
    rows: Iterator[Row]


def rows_of(path: Path, delimiter: str | None = None, *, blanks: bool = False) -> Iterator[Row]:
    """All rows that hold anything. The first tells the separator where none is given; `blanks`: it may be blanks too.

    Raises WrongUse naming line and mend.
    """
    text = _text(read(path))
    lines = text.split("\n")
    first = next((line for line in lines if line.strip(NOTHING)), None)
    if first is None:
        raise WrongUse(f"{path}: the file is empty; fetch it again")
    between = delimiter or _separator(first, blanks)
    if between is None:
        return ((n, cells) for n, line in enumerate(lines, 1) if (cells := line.replace('"', " ").split()))
    return _separated(path, lines, between, quoted='"' in text)


def headed(path: Path, rows: Iterator[Row]) -> Sheet:
    """The table whose first row names the columns; empty ones at its end are none."""
    line, names = next(rows)
    width = filled(names)
    return Sheet(path, line, names[:width], fitted(path, rows, width, "the header has"))


def fitted(path: Path, rows: Iterable[Row], width: int, like: str) -> Iterator[Row]:
    """The rows cut to `width` columns, where nothing stands beyond them. Raises WrongUse for another width."""
    for number, cells in rows:
        if len(cells) == width:
            yield number, cells
        elif len(cells) > width and not any(cells[width:]):
            yield number, cells[:width]
        else:
            raise WrongUse(f"{path}:{number}: {len(cells)} columns where {like} {width}; mend the line")


def no_data(path: Path) -> WrongUse:
    """What a file without a row is."""
    return WrongUse(f"{path}: no data lines; fetch the file again")


def filled(cells: list[str]) -> int:
    """How many columns there are up to the last that is not empty."""
    width = len(cells)
    while width and not cells[width - 1]:
        width -= 1
    return width


def _text(data: bytes) -> str:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    text = data.decode("utf-16" if wide else "utf-8-sig", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _separator(first: str, blanks: bool) -> str | None:
    """The one that occurs most; None for blanks."""
    bare = QUOTED.sub("x", first).strip()
    if not any(mark in bare for mark in SEPARATORS):
        return None if blanks else ","
    words = bare.split()
    if blanks and len(words) > bare.count("\t") + 1 and all(map(is_number, words)):
        return None  # numbers between blanks, some of which are tabs
    return max(SEPARATORS, key=bare.count)


def _separated(path: Path, lines: list[str], between: str, quoted: bool) -> Iterator[Row]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=between, skipinitialspace=True)
    before = 0
    try:
        for cells in reader:
            if quoted:
                if any("\n" in cell for cell in cells):
                    raise csv.Error("a quote is opened and not closed on its line")
                cells = [cell.strip().strip('"') for cell in cells]
            before = reader.line_num
            found = [cell.strip() for cell in cells]
            if any(found):
                yield before, found
    except csv.Error as e:
        raise WrongUse(f"{path}:{before + 1}: {e}; mend the line") from e
