"""Each gate, made to fail: what it is there to catch is put before it."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from acme_lib.contracts import contracts
from acme_lib.models import checks, rechecks
from acme_lib.models.bands import Answers
from acme_lib.models.dataset import Dataset
from acme_lib.models.drifted import drift
from acme_lib.models.inputs import Inputs

HOUR_US = 3_600_000_000
NAMES = ("heat", "wear", "rush")


def rows(assets: int = 10, frames: int = 60, test_from: int = 7) -> Dataset:
    """Machines with three noisy features; the last ones test. Each fails at its end: the label counts down."""
    rng = np.random.default_rng(1)
    n = assets * frames
    equipment = np.repeat([f"site/area/line/cell/m-{a:02d}" for a in range(assets)], frames)
    frame = np.tile(np.arange(1, frames + 1), assets)
    split = np.where(np.repeat(np.arange(assets), frames) >= test_from, "test", "train")
    vectors = rng.normal(size=(n, len(NAMES))).astype(np.float32)
    return Dataset(
        equipment, frame * HOUR_US, frame, np.ones(n, dtype=bool), vectors, (frames - frame).astype(float), split
    )


def given(data: Dataset, use_case: str = "rul", seen_ahead: list[str] | None = None, **over: object) -> Inputs:
    case = msgspec.structs.replace(contracts().use_cases[use_case], **over)
    spec = contracts().feature_specs[case.feature_spec]
    return Inputs(case, spec, None, "v", NAMES, data, {}, [] if seen_ahead is None else seen_ahead)  # type: ignore[arg-type]


def test_incomplete_frames_and_few_assets_fail_coverage() -> None:
    data = rows()
    assert checks.data_coverage(given(data)).ok
    holes = replace(data, complete=np.arange(len(data)) % 8 != 0)  # 87.5 %
    assert not checks.data_coverage(given(holes)).ok
    assert not checks.data_coverage(given(rows(test_from=3))).ok  # three assets cannot make five folds


@pytest.mark.parametrize(
    ("figures", "ok"),
    [
        ({"calibration_error": 0.005, "positives": 120, "rows": 10_000}, True),
        ({"calibration_error": 0.012, "positives": 120, "rows": 10_000}, False),  # says never of what comes in 1.2 %
        ({"calibration_error": 0.049, "positives": 5_000, "rows": 10_000}, True),
        ({"calibration_error": 0.051, "positives": 5_000, "rows": 10_000}, False),
        ({"positives": 120, "rows": 10_000}, False),
        ({"calibration_error": 0.0}, False),
    ],
)
def test_a_rare_events_probability_is_bounded_by_its_rate(figures: dict[str, float], ok: bool) -> None:
    assert checks.calibration(contracts().use_cases["failure_24h"], figures).ok is ok


@pytest.mark.parametrize(("inside", "ok"), [(0.84, False), (0.86, True), (0.96, False), (float("nan"), False)])
def test_intervals_must_cover_what_they_claim(inside: float, ok: bool) -> None:
    assert checks.calibration(contracts().use_cases["rul"], {"coverage_rows": inside}).ok is ok


def test_a_feature_that_names_its_asset_fails() -> None:
    data = rows()
    assert checks.identifiers(given(data)).ok
    own = data.vectors.copy()
    own[:, 2] = np.unique(data.equipment, return_inverse=True)[1] * 3.5
    found = checks.identifiers(given(replace(data, vectors=own)))
    assert (found.ok, found.found) == (False, "rush")


def test_a_declared_attribute_may_name_its_machine_and_is_reported() -> None:
    data = rows(assets=6)
    aged = data.vectors.copy()
    aged[:, :2] = np.unique(data.equipment, return_inverse=True)[1][:, None] + 7  # six machines, no two equally old
    found = replace(given(replace(data, vectors=aged), "failure_24h"), names=("age_years", "wear", "rush"))
    assert checks.identifiers(found).found == "wear"  # what isn't declared still binds
    told = checks.attributes(found)
    assert (told.ok, told.binding, told.found) == (False, False, "age_years")
    alone = replace(found, names=("age_years", "model__m1", "rush"))
    assert checks.identifiers(alone).ok
    assert checks.attributes(alone).found == "age_years, model__m1"
    assert checks.attributes(given(data)).ok  # turbofans declare none


def test_an_asset_on_both_sides_fails_and_so_does_a_gap_too_short() -> None:
    data = rows()
    assert checks.groups(given(data)).ok
    both = data.split.copy()
    both[0] = "test"
    assert not checks.groups(given(replace(data, split=both))).ok
    forward = msgspec.structs.replace(contracts().use_cases["rul"].split, test="forward", share=0.3, gap_h=24)
    near = np.where(data.frame <= 30, "train", np.where(data.frame <= 54, "gap", "test"))
    assert checks.groups(given(replace(data, split=near), split=forward)).ok  # frames 30 and 55 lie 25 h apart
    nearer = np.where(data.frame <= 31, "train", np.where(data.frame <= 54, "gap", "test"))
    assert not checks.groups(given(replace(data, split=nearer), split=forward)).ok


def test_a_line_treated_worse_fails_and_age_is_in_years_where_the_equipment_says_it() -> None:
    data = rows(assets=80, frames=4, test_from=0)
    lines = np.where(np.arange(len(data)) < len(data) // 2, "site/area/good/cell/", "site/area/bad/cell/")
    data = replace(data, equipment=np.char.add(lines, np.char.rpartition(data.equipment, "/")[:, 2]))
    off = np.where(np.char.find(data.equipment, "/bad/") > 0, 20.0, 2.0)  # the mean error of all is 11
    fair, unfair = (Answers(data.label + o, data.label, data.label) for o in (np.full(len(data), 5.0), off))
    data = replace(data, vectors=np.tile(np.arange(len(data), dtype=np.float32)[:, None], 3))
    assert checks.slice_check(given(data), data, fair)[0].ok
    verdict, log = checks.slice_check(given(data), data, unfair)
    assert not verdict.ok
    assert verdict.found.startswith("line site/area/bad (20)")
    aged = replace(given(data), names=("age_years", "wear", "rush"))
    bands = {s.value: s.rows for s in checks.slice_check(aged, data, fair)[1] if s.dimension == "age"}
    assert bands == {"young": 27, "middle": 26, "old": 27}  # eighty last rows by their years
    assert {s.value for s in log if s.dimension == "age"} == {"young"}  # all eighty ended at frame 4


def test_a_feature_that_saw_ahead_or_tells_the_truth_alone_fails() -> None:
    data = rows()
    assert rechecks.planted_future(given(data), data).ok
    assert rechecks.planted_future(given(data, seen_ahead=["wear"]), data).found == "wear"
    untold = replace(given(data), seen_ahead=None)
    assert not rechecks.planted_future(untold, data).ok
    told = data.vectors.copy()
    told[:, 0] = -data.label
    assert rechecks.planted_future(given(replace(data, vectors=told)), replace(data, vectors=told)).found == "heat"


def test_a_rare_event_told_by_one_feature_is_seen() -> None:
    data = rows(assets=10, frames=100)
    rare = replace(data, label=(data.label < 1).astype(float))  # one row in a hundred
    hours_left = data.vectors.copy()
    hours_left[:, 1] = data.label
    rare = replace(rare, vectors=hours_left)
    assert rechecks.planted_future(given(rare, "failure_24h"), rare).found == "wear"
    blurred = replace(rare, vectors=data.vectors)
    assert rechecks.planted_future(given(blurred, "failure_24h"), blurred).ok


def _sides(shift: float, frames: int = 400) -> tuple[Inputs, Dataset, Dataset]:
    data = rows(assets=40, frames=frames, test_from=30)
    moved = data.vectors + np.where(data.split == "test", np.float32(shift), np.float32(0))[:, None]
    data = replace(data, vectors=moved)
    return given(data), data.of(data.split == "train"), data.of(data.split == "test")


def test_drift_is_judged_in_windows_small_enough_and_fails_where_it_is_or_cannot_be_seen() -> None:
    found, before, after = _sides(0.0)
    still = drift(found, before, after)
    assert (still.ok, still.found) == (True, "0 of 3")
    moved = drift(*_sides(1.0))
    assert (moved.ok, moved.found) == (False, "3 of 3")
    few = drift(*_sides(0.0, frames=20))
    assert (few.ok, few.found) == (False, "missing")


def test_drift_forward_in_time_is_judged_although_the_test_is_a_third() -> None:
    """As many rows as Azure PdM's split has: one window of the whole test could not be calibrated."""
    forward = msgspec.structs.replace(contracts().use_cases["failure_24h"].split, test="forward", share=0.3, gap_h=24)
    data = rows(assets=20, frames=2_000, test_from=20)
    begin = 1_500
    found = given(data, "failure_24h", split=forward)
    before, after = data.of(data.frame < begin), data.of(data.frame >= begin)
    assert drift(found, before, after).found == "0 of 3"
