"""The frame rule by hand, and the columns' short cut against it."""

from __future__ import annotations

import numpy as np
from feature_rows import MINUTE, START, frames, noise, readings, spec
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.features import assemble
from acme_lib.features.assembler import Assembler
from acme_lib.features.columns import assemble_columns, places

NAN = float("nan")
KNOWN = ["a", "b", "c"]


def starts(closed: list) -> list[int]:
    return [(frame.start_us - START) // MINUTE for frame in closed]


def test_a_frame_closes_with_its_last_tag_or_at_its_deadline() -> None:
    assembler = Assembler(spec())
    assert assembler.add("a", START, 1) == []
    assert assembler.add("b", START + 1, 2) == []
    assert assembler.add("c", START + 2, 3) == [(START, [1.0, 2.0, 3.0])]
    assert assembler.add("a", START + MINUTE, 4) == []
    assert assembler.add("a", START + 2 * MINUTE, 5) == []
    closed = assembler.add("a", START + 3 * MINUTE, 6)  # deadline_s is one period: frame 1 has waited long enough
    assert starts(closed) == [1]
    assert np.array_equal(closed[0].values, [4.0, NAN, NAN], equal_nan=True)


def test_a_full_frame_waits_for_an_older_one() -> None:
    assembler = Assembler(spec())
    assembler.add("a", START, 1)
    for tag in ("a", "b"):
        assembler.add(tag, START + MINUTE, 2)
    assert assembler.add("c", START + MINUTE, 2) == []
    assembler.add("b", START, 1)
    assert starts(assembler.add("c", START, 1)) == [0, 1]


def test_late_and_second_readings_do_not_count() -> None:
    found = assemble(
        spec(),
        [("a", START, 1), ("a", START + 5, 9), ("b", START, 2), ("c", START, 3), ("a", START + 9, 7), ("a", START + MINUTE, 8)],
    )  # fmt: skip
    assert found.values[:, 0].tolist() == [1, 8]


def test_tags_training_never_saw_are_not_waited_for() -> None:
    assembler = Assembler(spec(), known=["a", "b"])
    assembler.add("a", START, 1)
    assert starts(assembler.add("b", START, 2)) == [0]


def test_advance_closes_what_time_has_passed() -> None:
    assembler = Assembler(spec())
    assembler.add("a", START, 1)
    assert assembler.advance(START + 2 * MINUTE - 1) == []
    assert starts(assembler.advance(START + 2 * MINUTE)) == [0]


def test_an_event_behind_its_frame_is_known_from_the_next_on() -> None:
    rows = [
        ("alarm", START, "x"),
        ("a", START, 1),
        ("b", START, 1),
        ("c", START, 1),
        ("alarm", START - 5, "x"),
        ("kind", START, "k"),
    ]
    found = assemble(spec(), rows)
    assert found.events[("alarm", "x")].tolist() == [START, START + 1]
    assert found.attributes == {"kind": [(START + 1, "k")]}


def test_no_readings_make_no_frames() -> None:
    found = assemble(spec(), [])
    assert found.values.shape == (0, 3)


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 8 * 60), st.sampled_from([1.0, 2.0, NAN])), max_size=40),
    st.booleans(),
)
def test_columns_give_what_the_rule_gives(rows: list[tuple[int, int, float]], in_order: bool) -> None:
    press, names = spec(), places(spec())
    rows = [(place, START + second * 1_000_000, value) for place, second, value in rows]
    rows = [row for row in rows if row[0] > 2 or row[2] == row[2]]
    if in_order:
        rows.sort(key=lambda row: (row[1], row[0] <= 2))
    texts = {n: "x" for n, row in enumerate(rows) if row[0] > 2}
    told = [(names[place], at, texts.get(n, value)) for n, (place, at, value) in enumerate(rows)]
    columns = [
        np.array([row[i] for row in rows], dtype=kind) for i, kind in enumerate((np.int64, np.int64, np.float64))
    ]
    mine, theirs = assemble_columns(press, "p", *columns, texts, KNOWN), assemble(press, told, "p", KNOWN)
    assert np.array_equal(mine.times, theirs.times)
    assert np.array_equal(mine.values, theirs.values, equal_nan=True)
    assert {k: v.tolist() for k, v in mine.events.items()} == {k: v.tolist() for k, v in theirs.events.items()}
    assert str(mine.attributes) == str(theirs.attributes)


def test_until_cuts_frames_events_and_labels() -> None:
    cut = frames(noise(4), events={("alarm", "x"): np.array([START, START + 2 * MINUTE])}).until(START + MINUTE)
    assert (len(cut), cut.events[("alarm", "x")].tolist()) == (2, [START])
    assert len(readings(cut, KNOWN)) == 6
