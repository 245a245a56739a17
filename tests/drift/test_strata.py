"""Life phases: a fleet that is merely older does not drift; clocks are left out; residuals stand beside features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acme_lib.drift import compare
from acme_lib.drift.strata import Table, aligned, phases


def fleet(engines: int, seed: int, life: int = 150, until: int = 150) -> Table:
    """Engines that wear evenly over `life` frames, seen until frame `until`; the prediction knows what remains, but for noise."""
    rng = np.random.default_rng(seed)
    frame = np.tile(np.arange(1.0, until + 1), engines)
    owner = np.repeat([f"engine-{n:03d}" for n in range(engines)], until)
    left = life - frame
    wear = frame / 20 + rng.normal(size=len(frame))
    return Table(
        owner, frame.astype(np.int64), frame, np.column_stack([wear, rng.normal(size=len(frame)), frame]),
        left + rng.normal(0, 3, len(frame)), left,
    )  # fmt: skip


NAMES = ("wear", "noise", "age")


def test_engines_cut_short_do_not_drift_phase_by_phase() -> None:
    reference, current = aligned(NAMES, fleet(80, 1), fleet(30, 2, until=90), "equipment", ages=True)
    assert not [
        f
        for f in compare(reference, current).drifted
        if f.feature in ("wear", "noise", "residual") and f.stratum == "early"
    ]
    whole, window = aligned(NAMES, fleet(80, 1), fleet(30, 2, until=90), "equipment", ages=False)
    assert "wear" in {f.feature for f in compare(whole, window).drifted}


def test_age_is_a_clock_and_not_compared() -> None:
    reference, current = aligned(NAMES, fleet(40, 1), fleet(10, 2), "equipment", ages=True)
    assert reference.names == ("wear", "noise", "prediction", "residual")
    assert current.values.shape == (1500, 4)


def test_a_model_that_errs_is_told_from_inputs_that_moved() -> None:
    now = fleet(40, 2)
    wrong = replace(now, truth=now.truth - 4)
    reference, current = aligned(NAMES, fleet(80, 1), wrong, "equipment", ages=True)
    assert {f.feature for f in compare(reference, current).drifted} == {"residual"}


def test_without_truth_the_residual_is_not_judged() -> None:
    now = fleet(40, 2)
    blind = replace(now, truth=np.full(len(now), np.nan))
    reference, current = aligned(NAMES, fleet(80, 1), blind, "equipment", ages=True)
    judged = {(f.feature, f.metric) for f in compare(reference, current).findings if f.threshold is not None}
    assert ("residual", "psi") not in judged
    assert ("wear", "psi") in judged


def test_phases_are_thirds_by_prediction_else_by_age() -> None:
    past = fleet(20, 1)
    old, _ = phases(past, past)
    assert np.unique(old, return_counts=True)[1].tolist() == pytest.approx([1000, 1000, 1000], abs=2)
    blind = replace(past, prediction=np.full(len(past), np.nan))
    old, _ = phases(blind, blind)
    assert (old[0], old[149]) == ("early", "late")
