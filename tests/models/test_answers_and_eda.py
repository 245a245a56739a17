"""Published answers are read by line; the first look names what a model would trip over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from acme_lib.errors import WrongUse
from acme_lib.models import eda
from acme_lib.models.answers import load_answers, read_answers
from acme_lib.models.store import MemoryStore


def test_answers_of_one_subset_take_the_place_of_its_former_ones_only(tmp_path: Path) -> None:
    store = MemoryStore()
    (tmp_path / "RUL_FD002.txt").write_text("7\n")
    (tmp_path / "RUL_FD001.txt").write_text("112 \n98 \n\n")
    assert load_answers(store, tmp_path, "FD002") == 1
    assert load_answers(store, tmp_path, "fd001") == 2
    (tmp_path / "RUL_FD001.txt").write_text("50\n")
    load_answers(store, tmp_path, "FD001")
    rows = store.read("evaluation_answers").to_pylist()
    assert {r["equipment_id"]: r["remaining"] for r in rows} == {
        "testbed/turbofan/fd002/test/engine-001": 7,
        "testbed/turbofan/fd001/test/engine-001": 50,
    }
    assert all("sha256:" in r["source"] for r in rows)


@pytest.mark.parametrize(
    "text", ["112\n98\n", "\ufeff112\r\n98\r\n", "RUL\n112\n98", '"RUL"\n"112"\n"98"\n', "\n112 \n\n98 \n"]
)
def test_answers_survive_a_spreadsheet(tmp_path: Path, text: str) -> None:
    (tmp_path / "RUL_FD001.txt").write_bytes(text.encode())
    assert read_answers(tmp_path / "RUL_FD001.txt") == [112, 98]


@pytest.mark.parametrize(("text", "told"), [("1\nx\n", ":2: 'x'"), ("-3\n", ":1: -3"), ("\n", "no answers")])
def test_a_bad_answer_is_named_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "RUL_FD001.txt").write_text(text)
    with pytest.raises(WrongUse, match=told):
        read_answers(tmp_path / "RUL_FD001.txt")
    with pytest.raises(WrongUse, match="must hold the answers"):
        read_answers(tmp_path / "RUL_FD009.txt")


def test_the_first_look_names_constants_copies_gaps_and_short_histories() -> None:
    start = datetime(2024, 1, 1, tzinfo=UTC)
    count = 60
    table = pd.DataFrame(
        {
            "equipment_id": ["a"] * 50 + ["b"] * 10,
            "ts_utc": [start + timedelta(hours=n) for n in range(count)],
            "same": 1.0,
            "up": [float(n) for n in range(count)],
            "copy": [2.0 * n + 1 for n in range(count)],
            "other": [float((n * 37) % 11) for n in range(count)],
        }
    )
    table.loc[:5, "other"] = None
    found = eda.risks(table)
    assert found == {"constant_tags": ["same"], "copies": ["up~copy"], "missing_share": 0.025, "short_histories": 1}
    assert eda.missingness(table).loc["a", "other"] == pytest.approx(6 / 50)
    assert eda.summary(table).loc["up", "max"] == 59
    assert eda.risks(table.iloc[:0])["constant_tags"] == []
