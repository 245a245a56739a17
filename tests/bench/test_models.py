"""The report of model figures works them out from the predictions themselves."""

from __future__ import annotations

import json
from math import exp, sqrt
from pathlib import Path

import msgspec
import pytest

from acme_lib.bench.models import reported
from acme_lib.contracts import contracts
from acme_lib.errors import Stop
from acme_lib.run.evidence import Evidence

METRICS = {
    "rmse": 99.0,
    "rmse_seeds_mean": 98.0,
    "rmse_seeds_spread": 1.5,
    "cmapss_score": 1.0,
    "rows": 3,
    "equipment": 2,
}
PREDICTIONS = [("e-1", 1, 90.0, 0, 100, 50.0), ("e-1", 2, 49.0, 40, 60, 52.0), ("e-2", 1, 14.0, 12, 20, 10.0)]


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    found = Evidence(tmp_path, None)
    found.db.execute(
        "INSERT INTO ml_evaluations (use_case, model_version, metrics_json) VALUES ('rul', '1', ?)",
        [json.dumps(METRICS)],
    )
    for equipment, hour, *values in PREDICTIONS:
        found.db.execute(
            "INSERT INTO gold_predictions (use_case, model_version, split, origin, equipment_id, ts_utc, prediction, low, high, label) "
            f"VALUES ('rul', '1', 'test', 'batch', ?, TIMESTAMP '2026-01-01 0{hour}:00:00', ?, ?, ?, ?)",
            [equipment, *values],
        )
    return found


def test_figures_are_of_each_last_row(evidence: Evidence) -> None:
    report = reported(evidence)
    rmse = sqrt((3**2 + 4**2) / 2)
    assert report.rows[0] == ("rul 1", "rmse", "99", "98 (1.5)", f"{rmse:.4g}")  # the noted figure and the true one
    score = exp(3 / 13) - 1 + exp(4 / 10) - 1
    assert report.rows[1][1:] == ("cmapss_score", "1", "", f"{score:.4g}")
    assert "2 equipment" in report.notes[0]
    assert "seeds 1, 2, 3, 4, 5" in report.notes[0]


def test_no_model_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(Stop, match="acme run --source cmapss"):
        reported(Evidence(tmp_path, None))


def test_f1_counts_test_rows_and_those_held_out_in_cross_validation(evidence: Evidence) -> None:
    figures = {"threshold": 0.5, "f1": 0.1, "rows": 2, "positives": 1}
    evidence.db.execute(
        "INSERT INTO ml_evaluations (use_case, model_version, metrics_json) VALUES ('ai4i_failure', '1', ?)",
        [json.dumps(figures)],
    )
    # equipment, split, probability, truth: two hits, one false alarm, one miss
    rows = [
        ("m-1", "test", 0.9, 1),
        ("m-1", "test", 0.8, 0),
        ("m-2", "validation", 0.5, 1),
        ("m-2", "validation", 0.1, 1),
    ]
    rows.append(("m-3", "train", 0.9, 0))  # what its own fit had seen
    for hour, (equipment, split, *values) in enumerate(rows):
        evidence.db.execute(
            "INSERT INTO gold_predictions (use_case, model_version, split, origin, equipment_id, ts_utc, prediction, label) "
            f"VALUES ('ai4i_failure', '1', ?, 'batch', ?, TIMESTAMP '2026-01-01 0{hour}:00:00', ?, ?)",
            [split, equipment, *values],
        )
    found = next(row for row in reported(evidence).rows if "every row" in row[1])
    assert found[4].split()[0] == f"{2 * 2 / (3 + 3):.4g}"
    assert found[4].endswith("(0.667 to 0.667)")  # both mills have the same F1, so every draw has it


@pytest.mark.parametrize("job", ["train", "tune"])
def test_what_rows_dealt_at_random_would_have_said_stands_for_tuned_versions_too(evidence: Evidence, job: str) -> None:
    learned = {"model": "acme-rul", "model_version": "1", "choice": 9.5, "choice_leaky_random_rows": 4.3, "recipe": {}}
    tuned = {"use_case": "rul", "trials": 30, "replaced": True, "verdict": "gain 1"} if job == "tune" else {}
    counters = json.dumps({**tuned, **learned})
    evidence.db.execute("INSERT INTO ops_runs (job, status, counters) VALUES (?, 'succeeded', ?)", [job, counters])
    note = reported(evidence).notes[0]
    assert "by equipment gave 9.5 (RMSE at random cuts)" in note
    assert "neighbours teaching, would have said 4.3" in note


def test_a_tuning_that_kept_the_baseline_tells_of_no_version(evidence: Evidence) -> None:
    counters = json.dumps({"use_case": "rul", "trials": 30, "replaced": False, "verdict": "gain 0"})
    evidence.db.execute("INSERT INTO ops_runs (job, status, counters) VALUES ('tune', 'succeeded', ?)", [counters])
    notes = reported(evidence).notes
    assert "dealt at random" not in notes[0]
    assert any("did not replace the baseline" in note for note in notes)


def test_figures_stand_in_the_contracts_order(evidence: Evidence, monkeypatch: pytest.MonkeyPatch) -> None:
    own = msgspec.structs.replace(contracts().use_cases["rul"], metrics=["cmapss_score", "rmse"])
    monkeypatch.setitem(contracts().use_cases, "rul", own)
    assert [row[1] for row in reported(evidence).rows] == ["cmapss_score", "rmse"]


def test_published_results_stand_in_a_table_below_ours(evidence: Evidence) -> None:
    assert not any("STAR" in note for note in reported(evidence).notes)  # e-1 and e-2 are no engines of FD001
    evidence.db.execute("UPDATE gold_predictions SET equipment_id = 'testbed/turbofan/fd001/test/' || equipment_id")
    page = reported(evidence).markdown("2026-11-28").splitlines()
    begin = next(n for n, line in enumerate(page) if line.startswith("  | method"))
    cells = [[c.strip() for c in line.strip().strip("|").split("|")] for line in page[begin : begin + 5]]
    assert {len(row) for row in cells} == {6}
    assert page[begin - 1] == page[begin + 5] == ""  # what Markdown needs to see a table
    assert cells[0] == ["method", "RMSE", "score", "label cap", "best or mean of runs", "how the test set was used"]
    assert cells[2][:4] == ["ours, rul 1", "99", "1", "125"]
    assert cells[2][4] == "one ensemble of 5 seeds (1, 2, 3, 4, 5); each alone 98 in the mean"
    assert "once a version" in cells[2][5]
    assert cells[3][1:] == ["10.61", "169", "not stated", "not stated", "not stated"]
    assert cells[4][1:4] == ["16.14", "338", "130"]


def test_a_tuned_recipe_says_its_own_seeds_and_every_coverage_is_shown(evidence: Evidence) -> None:
    phases = ("coverage_phase_from_0", "coverage_phase_from_30", "coverage_phase_from_75")
    told = {**METRICS, **dict.fromkeys(("coverage", "coverage_rows", *phases), 0.9)}
    evidence.db.execute("UPDATE ml_evaluations SET metrics_json = ?", [json.dumps(told)])
    learned = {"model": "acme-rul", "model_version": "1", "choice": 9.5, "choice_leaky_random_rows": 4.3, "recipe": {"members": 2}}  # fmt: skip
    evidence.db.execute(
        "INSERT INTO ops_runs (job, status, counters) VALUES ('train', 'succeeded', ?)", [json.dumps(learned)]
    )
    report = reported(evidence)
    assert "seeds 1, 2." in report.notes[0]
    assert {"coverage", "coverage_rows", *phases} <= {row[1] for row in report.rows}
    assert any("by phase of life" in note for note in report.notes)
