"""Each notebook runs alone: under nbmake with its own defaults, and by papermill with parameters; a wrong one is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import papermill
import pytest
from chain import Chain
from papermill.exceptions import PapermillExecutionError

from acme_lib.pipeline import STEPS
from acme_lib.pipeline.local import NOTEBOOKS


@pytest.mark.real
@pytest.mark.timeout(900)  # a guard against a hang, not a bound on speed
def test_notebooks_run_under_nbmake_and_name_a_wrong_parameter(chain: Chain, tmp_path: Path) -> None:
    chain.publish({}, minutes=0.05)
    chain.drain()
    books = [str(NOTEBOOKS / s.notebook) for s in STEPS]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=300", "-p", "no:cacheprovider", *books],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert f"{len(STEPS)} passed" in done.stdout
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
