"""Retraining triggers: each holds at its bound and not before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from acme_lib.contracts import contracts
from acme_lib.drift.retraining import Evidence, judged

QUIET = Evidence(input_alarms=[False] * 5, residual_alarms=[False] * 5, rows_trained=20_000, rows_since=0)


def holding(evidence: Evidence, use_case: str = "rul") -> set[str]:
    return {t.name for t in judged(contracts().retraining.of(use_case), evidence) if t.holds}


def test_nothing_is_due_on_quiet_runs_or_without_any() -> None:
    assert holding(QUIET) == set()
    assert holding(Evidence([], [], 20_000, 0)) == set()


@pytest.mark.parametrize(
    ("evidence", "due"),
    [
        (replace(QUIET, residual_alarms=[True]), {"residual_drift"}),
        (replace(QUIET, residual_alarms=[False, True]), set()),  # the newest run is quiet again
        (replace(QUIET, input_alarms=[True, False, False]), set()),  # one in twenty alarms by chance
        (replace(QUIET, input_alarms=[True, False, True]), {"input_drift"}),
        (replace(QUIET, input_alarms=[True, False, False, True]), set()),  # the other one is too old
        (replace(QUIET, rows_since=4_999), set()),
        (replace(QUIET, rows_since=5_000), {"data_volume"}),  # a quarter of 20,000
        (replace(QUIET, rows_trained=100, rows_since=999), set()),  # never on a handful
        (replace(QUIET, rows_trained=100, rows_since=1_000), {"data_volume"}),
    ],
)
def test_a_trigger_holds_at_its_bound(evidence: Evidence, due: set[str]) -> None:
    assert holding(evidence) == due


def test_every_verdict_says_why() -> None:
    found = judged(contracts().retraining.of("rul"), replace(QUIET, input_alarms=[True, True]))
    assert found[1].why == "2 of the last 2 runs alarmed; it takes 2 of 3"


def test_use_cases_that_differ_are_known_use_cases() -> None:
    assert set(contracts().retraining.use_cases) <= set(contracts().use_cases)
