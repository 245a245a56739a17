"""The report's measurements: tables read in order, a shift found after its onset, later the smaller it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drift_rows import rows

from acme_lib.drift import Reference
from acme_lib.drift.study import correlated, delays, read_table, windows
from acme_lib.errors import WrongUse


def test_a_table_keeps_names_order_and_gaps(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("AT,NOX\n1.5,2\n,3\n")
    names, values = read_table(path)
    assert names == ("AT", "NOX")
    assert np.array_equal(values, [[1.5, 2], [np.nan, 3]], equal_nan=True)


def test_an_unreadable_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=r"absent.csv: not a readable CSV"):
        read_table(tmp_path / "absent.csv")


def test_windows_leave_a_short_rest_out() -> None:
    assert [len(w) for w in windows(np.zeros((1_100, 1)), 500)] == [500, 500]


def test_correlated_rows_have_spread_one_and_the_stated_carry() -> None:
    found = correlated(50_000, 1, 0.9, np.random.default_rng(1))[:, 0]
    assert found.std() == pytest.approx(1, abs=0.05)
    assert np.corrcoef(found[1:], found[:-1])[0, 1] == pytest.approx(0.9, abs=0.01)


def test_larger_shifts_are_found_sooner_and_none_before_its_onset(reference: Reference) -> None:
    quiet = np.random.default_rng(11).normal(size=(12_000, 3))
    small, large = delays(reference, quiet, (0.25, 1.0), 500, 6, 50, 0.05)
    assert large.found == 6
    assert min(large.rows) > 0
    assert np.median(large.rows) < np.median(small.rows)
    assert delays(reference, rows(quiet).values, (0.0,), 500, 6, 500, 0.05)[0].found <= 2
