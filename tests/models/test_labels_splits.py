"""Labels and splits by hand: what is known, what isn't, and that no asset stands on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_lib.contracts import Label, Split
from acme_lib.errors import WrongUse
from acme_lib.models.labels import labels, remaining, within
from acme_lib.models.splits import folds, random_folds, split

HOUR = 3_600_000_000
HOURS = np.arange(6, dtype=np.int64) * HOUR


def test_remaining_life_counts_periods_and_a_missing_frame_changes_nothing() -> None:
    failure = np.array([5 * HOUR + 60_000_000])  # a minute after the last cycle's readings
    assert remaining(HOURS, failure, HOUR).tolist() == [5, 4, 3, 2, 1, 0]
    assert remaining(np.delete(HOURS, 2), failure, HOUR).tolist() == [5, 4, 2, 1, 0]


def test_remaining_life_is_unknown_behind_the_last_failure_and_starts_anew_between_two() -> None:
    found = remaining(HOURS, np.array([1 * HOUR, 4 * HOUR]), HOUR)
    # at hour 1 the failure is no longer ahead: the next is 3 hours off
    assert found[:4].tolist() == [1, 3, 2, 1]
    assert np.isnan(found[4:]).all()


def test_within_is_open_at_the_frame_and_closed_at_the_horizon() -> None:
    # failure at hour 3, horizon 2 h: (1, 3] and (2, 4] hold it, (3, 5] does not
    assert within(HOURS, np.array([3 * HOUR]), 2 * HOUR, 100 * HOUR).tolist() == [0, 1, 1, 0, 0, 0]


def test_no_failure_yet_is_no_answer_where_the_horizon_has_not_passed() -> None:
    found = within(HOURS, np.array([5 * HOUR]), 2 * HOUR, known_until=5 * HOUR)
    assert found[:5].tolist() == [0, 0, 0, 1, 1]
    assert np.isnan(found[5])  # (5, 7] is not over at 5


def test_a_label_rule_caps_and_one_without_rule_is_refused() -> None:
    failure = np.array([5 * HOUR + 1])
    assert labels(Label(event="failure", unit="cycles", cap=3), HOURS, failure, HOUR, 0).tolist() == [3, 3, 3, 2, 1, 0]
    with pytest.raises(WrongUse, match="cap"):
        labels(Label(event="failure", unit="cycles"), HOURS, failure, HOUR, 0)


def test_forward_split_leaves_a_gap_that_nobody_uses() -> None:
    at = np.arange(11, dtype=np.int64) * HOUR
    found = split(Split(folds=2, test="forward", share=0.3, gap_h=2), np.repeat("a", 11), at)
    assert found.tolist() == ["train"] * 5 + ["gap"] * 2 + ["test"] * 4  # test from hour 7, train before hour 5


def test_split_by_equipment_follows_the_path() -> None:
    names = np.array(["t/train/e1", "t/test/e1", "t/test/e2"])
    rule = Split(folds=2, test="equipment", equipment="t/test/.*")
    assert split(rule, names, HOURS[:3]).tolist() == ["train", "test", "test"]
    later = Split(folds=2, test="equipment", equipment="t/later/.*")  # its equipment has not been heard yet
    assert split(later, names, HOURS[:3]).tolist() == ["train"] * 3
    with pytest.raises(WrongUse, match="no row for train"):
        split(Split(folds=2, test="equipment", equipment="t/.*"), names, HOURS[:3])


def test_a_share_of_assets_stays_the_same_where_assets_come_in_between() -> None:
    names = np.array([f"mill-{n}" for n in range(20)])
    rule = Split(folds=2, test="assets", share=0.25)
    assert (split(rule, names, HOURS[:1].repeat(20)) == "test").sum() == 5


@given(st.lists(st.sampled_from("abcdefg"), min_size=2, max_size=40), st.integers(2, 5), st.integers(0, 9))
def test_folds_part_assets_and_judge_every_row_once(drawn: list[str], count: int, seed: int) -> None:
    names = np.array([*drawn, "a", "b"])
    judged = np.zeros(len(names), dtype=int)
    for learn, judge in folds(names, count, seed):
        assert not set(names[learn]) & set(names[judge])
        assert learn.any()
        judged += judge
    assert (judged == 1).all()


def test_random_folds_are_the_leaky_ones() -> None:
    names = np.repeat(["a", "b"], 50)
    learn, judge = next(random_folds(100, 5, seed=1))
    assert set(names[learn]) & set(names[judge])
