"""The notebooks as they are committed, a wrong parameter, and the models' notebooks each alone under nbmake.

test_chain.py runs the lake's own under nbmake.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from acme_lib.pipeline import MODEL_STEPS, chosen
from acme_lib.pipeline.local import NOTEBOOKS, run_locally
from acme_lib.run.stack import acme

ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("ACME_PUBLIC_DATA", ROOT.parent / "shared" / "data")) / "cmapss"
FEW = {"members": 1, "trees": {"rounds": 30}, "net": {"copies": 1, "epochs": 2, "weight": 0.2}}
PARAMETERS: dict[str, dict[str, Any]] = {
    "train_baseline": {"recipe": FEW},
    "hpo_run": {"trials": 3, "rounds": 20},
    "validate_register": {"answers": str(DATA)},
    "drift_detection": {"model_version": "1"},  # a model this small passes no gate
}


@pytest.mark.spark
def test_a_wrong_parameter_is_named(home: Path, tmp_path: Path) -> None:
    with pytest.raises(
        PapermillExecutionError, match="parameter max_rows_per_batch: Input should be greater than or equal to 1"
    ):
        papermill.execute_notebook(
            str(NOTEBOOKS / "silver_transform.ipynb"),
            str(tmp_path / "out.ipynb"),
            parameters={"max_rows_per_batch": 0},
            progress_bar=False,
        )


def test_committed_notebooks_hold_no_outputs() -> None:
    import nbformat

    for path in NOTEBOOKS.glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        assert not any(c.get("outputs") or c.get("execution_count") for c in cells), path.name
        assert len([c for c in cells if "parameters" in c.metadata.get("tags", [])]) == 1, path.name
        assert len(cells) == 4, path.name


@pytest.mark.drill
@pytest.mark.timeout(1800)  # a guard against a hang
def test_each_notebook_of_a_model_runs_alone_under_nbmake(home: Path, tmp_path: Path) -> None:
    if not DATA.is_dir():
        pytest.skip(f"no public data at {DATA}; put it there or name its parent in ACME_PUBLIC_DATA")
    source = ["--format", "cmapss", "--split", "both", "--limit-equipment", "12", str(DATA)]
    subprocess.run(acme("plant", "backfill", *source), check=True)
    run_locally(chosen(["silver_transform"]), {"silver_transform": {"run_id": "nb"}}, tmp_path)
    books = []
    for step in MODEL_STEPS:
        books.append(tmp_path / step.notebook)
        papermill.execute_notebook(str(NOTEBOOKS / step.notebook), str(books[-1]), PARAMETERS.get(step.name), prepare_only=True)  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=600", "-p", "no:cacheprovider", *map(str, books)],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(MODEL_STEPS)} passed" in done.stdout
