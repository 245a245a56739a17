"""What the report shows of models."""

from __future__ import annotations

from pathlib import Path

from acme_lib.run import model_pictures
from acme_lib.run.evidence import Evidence

MODELS = {
    "rul": {"model_version": "2", "metrics": {"rmse": 11.0, "rmse_seeds_mean": 11.2, "rows": 5}, "registry": {"stage": "Staging"}},
    "failure_24h": {"predictions": []},
}  # fmt: skip


def test_one_row_a_figure_that_a_reader_knows() -> None:
    (row,) = model_pictures.rows(MODELS)
    assert row == {
        "use_case": "rul",
        "version": "2",
        "stage": "Staging",
        "figure": "rmse",
        "value": 11.0,
        "seeds": 11.2,
    }


def test_the_picture_shows_the_last_row_of_each_test_equipment(tmp_path: Path) -> None:
    evidence = Evidence(tmp_path, None)
    for equipment, version, split, hour, value in [
        ("e-1", "2", "test", 1, 90), ("e-1", "2", "test", 2, 30), ("e-2", "2", "test", 1, 50),
        ("e-2", "1", "test", 2, 7), ("e-3", "2", "validation", 1, 8),
    ]:  # fmt: skip
        evidence.db.execute(
            "INSERT INTO gold_predictions (use_case, model_version, origin, split, equipment_id, ts_utc, prediction, low, high, label) "
            f"VALUES ('rul', ?, 'batch', ?, ?, TIMESTAMP '2026-01-01 0{hour}:00:00', ?, ? - 5, ? + 9, 40)",
            [version, split, equipment, value, value, value],
        )
    ((title, text, figure),) = model_pictures.figures(evidence, MODELS)
    points = figure.data[0]
    assert (title, "cycles" in text) == ("rul: predicted and true", True)
    assert (list(points.text), list(points.y)) == (["e-1", "e-2"], [30, 50])
    assert (list(points.error_y.array), list(points.error_y.arrayminus)) == ([9, 9], [5, 5])
