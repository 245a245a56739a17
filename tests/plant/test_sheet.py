"""A sound file stays the same history however it is rewritten: encoding, line ends, blanks, quotes, order, doubles."""

from __future__ import annotations

import tempfile
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.errors import WrongUse
from acme_lib.plant.historian import History, histories
from acme_lib.plant.historian.sheet import headed, rows_of

Rows = list[list[str]]
GAUGES = [f"{n}.5" for n in range(24)]
NAMES = ["unit", "cycle", *(f"setting_{n}" for n in range(1, 4)), *(f"sensor_{n:02d}" for n in range(1, 22))]
CYCLES: Rows = [[str(unit), str(cycle), *GAUGES[:-1], str(unit * cycle)] for unit in (1, 2) for cycle in (1, 2, 3)]
HOLES: Rows = [*CYCLES[:-1], ["2", "3", "", "NaN", *GAUGES[2:-1], ""]]
PIECES: Rows = [
    ["UDI", "Product ID", "Type", "Air temperature [K]", "Torque [Nm]", "Machine failure", "TWF"],
    ["1", "M1", "M", "298.1", "42.8", "0", "0"],
    ["2", "L2", "L", "", "46.3", "1", "1"],
    ["3", "L3", "L", "298.2", "46.3", "0", "0"],
]
AZURE: dict[str, Rows] = {
    "PdM_telemetry_m1.csv": [
        ["datetime", "machineID", "volt", "rotate", "pressure", "vibration"],
        *([f"2015-01-01 0{hour}:00:00", m, "170.5", "", f"11{hour}", "40"] for m in "12" for hour in (6, 7)),
    ],
    "PdM_failures.csv": [
        ["datetime", "machineID", "failure"],
        ["2015-01-01 06:00:00", "1", "comp4"],
        ["2015-01-01 07:00:00", "1", "comp1"],
        ["2015-01-01 07:00:00", "2", "comp1"],
    ],
    "PdM_machines.csv": [["machineID", "model", "age"], ["1", "model3", "18"], ["2", "model4", "7"]],
}
SETS: dict[str, tuple[str, dict[str, Rows]]] = {
    "cmapss without header": ("cmapss", {"train_FD001.txt": CYCLES}),
    "cmapss without header, holes": ("cmapss", {"train_FD001.txt": HOLES}),
    "cmapss": ("cmapss", {"train_FD001.txt": [NAMES, *HOLES]}),
    "ai4i": ("ai4i", {"ai4i2020.csv": PIECES}),
    "azure": ("azure-pdm", AZURE),
}


def rewritten(rows: Rows, has_header: bool, random: Random) -> bytes:
    """The same table in any spelling that means the same."""
    some = random.choice
    head, body = (rows[:1], rows[1:]) if has_header else ([], rows)
    body = [*body, *random.choices(body, k=some((0, 2)))]
    random.shuffle(body)
    if has_header:
        extra = [f"Extra {n}" for n in range(some((0, 0, 1, 2)))]
        order = random.sample(range(len(head[0]) + len(extra)), len(head[0]) + len(extra))
        table = [[*head[0], *extra], *([*row, *("7" for _ in extra)] for row in body)]
        table = [[row[n] for n in order] for row in table]
    else:
        table = body
    gapless = all(cell for row in table for cell in row) and not has_header
    between = some((",", ";", "\t", *((" ",) if gapless else ())))
    most = some((0, 2)) if between != " " else 0

    def cell(text: str) -> str:
        inside = f'"{some(("", " "))}{text}{some(("", "  "))}"' if some((False, False, True)) else text
        return f"{some(('', ' '))}{inside}{some(('', '  '))}"

    lines = [between.join([*map(cell, row), *[""] * random.randint(0, most)]) for row in table]
    for _ in range(some((0, 3))):
        lines.insert(random.randint(0, len(lines)), some(("", "  ", "\t", between * 5)))
    end = some(("\n", "\r\n", "\r"))
    text = end.join(lines) + some(("", end, end * 3))
    return (b"\xef\xbb\xbf" if some((False, True)) else b"") + text.encode()


def plain(rows: Rows) -> bytes:
    return "\n".join(",".join(row) for row in rows).encode()


def read(form: str, files: dict[str, bytes]) -> History:
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            (Path(folder) / name).write_bytes(data)
        return histories(form, Path(folder))[0]


@pytest.mark.parametrize("which", SETS)
@given(random=st.randoms(use_true_random=False))
def test_a_rewritten_file_is_the_same_history(which: str, random: Random) -> None:
    form, tables = SETS[which]
    expected = read(form, {name: plain(rows) for name, rows in tables.items()})
    written = {name: rewritten(rows, "without" not in which, random) for name, rows in tables.items()}
    found = read(form, written)
    assert list(found.readings()) == list(expected.readings()), written
    assert (found.name, found.source_system, found.count) == (expected.name, expected.source_system, expected.count)
    assert list(found.partitions.items()) == list(expected.partitions.items())


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"a,b\n1,2\n", [(2, ["1", "2"])]),
        (b"\xef\xbb\xbf\r\n\r\n a ;b;;\r\n;;\r\n1; 2 ;;\r\n", [(5, ["1", "2"])]),
        (b"a\tb\r1\t\r\r\t4\r", [(2, ["1", ""]), (4, ["", "4"])]),
        (b'a,b\n"1,5" , " 2 "\n', [(2, ["1,5", "2"])]),
        ("a,b\n1,2\n".encode("utf-16"), [(2, ["1", "2"])]),
    ],
)
def test_rows_keep_the_line_where_they_stand(tmp_path: Path, data: bytes, rows: list[tuple[int, list[str]]]) -> None:
    (tmp_path / "a.csv").write_bytes(data)
    sheet = headed(tmp_path / "a.csv", rows_of(tmp_path / "a.csv"))
    assert (sheet.names, list(sheet.rows)) == (["a", "b"], rows)


@pytest.mark.parametrize("data", [b"", b"\xef\xbb\xbf", b" \r\n\t\n", b",,,\n;;\n"])
@pytest.mark.parametrize("form", ["cmapss", "ai4i", "azure-pdm"])
def test_a_file_without_a_word_is_wrong_use(tmp_path: Path, form: str, data: bytes) -> None:
    (tmp_path / "any.csv").write_bytes(data)
    with pytest.raises(WrongUse, match=r"any\.csv: the file is empty; fetch it again"):
        histories(form, tmp_path / "any.csv")
