"""The notebooks as they are committed, and a wrong parameter; test_chain.py runs each alone under nbmake."""

from __future__ import annotations

from pathlib import Path

import papermill
import pytest
from papermill.exceptions import PapermillExecutionError

from acme_lib.pipeline.local import NOTEBOOKS


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
