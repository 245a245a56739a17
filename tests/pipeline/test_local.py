"""Notebooks run here: one kernel for all, names forgotten between them, a failure named."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from acme_lib.errors import Stop
from acme_lib.pipeline.dag import Step
from acme_lib.pipeline.local import run_locally


def notebook(folder: Path, name: str, *cells: str) -> Step:
    book = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    )
    book.cells = [
        nbformat.v4.new_code_cell("run_id = 'none'", metadata={"tags": ["parameters"]}),
        *map(nbformat.v4.new_code_cell, cells),
    ]
    folder.mkdir(exist_ok=True)
    nbformat.write(book, folder / f"{name}.ipynb")
    return Step(name)


def test_notebooks_share_a_process_but_no_names(tmp_path: Path) -> None:
    books = tmp_path / "notebooks"
    steps = (
        notebook(
            books,
            "first",
            "import os; kept = 1",
            'print({\'noise\': 1}); print(\'{"pid": %d, "run": "%s"}\' % (os.getpid(), run_id))',
        ),
        notebook(
            books, "second", "import os; print('{\"pid\": %d, \"kept\": %d}' % (os.getpid(), 'kept' in globals()))"
        ),
    )
    runs = run_locally(steps, {"first": {"run_id": "r7"}}, tmp_path / "out", notebooks=books)
    first, second = (r.record for r in runs)
    assert first["run"] == "r7"
    assert first["pid"] == second["pid"]
    assert second["kept"] == 0


def test_a_failing_notebook_is_named_with_its_error_and_keeps_its_copy(tmp_path: Path) -> None:
    books = tmp_path / "notebooks"
    step = notebook(books, "broken", "raise ValueError('speed is -1; give a positive speed')")
    with pytest.raises(Stop, match="broken failed: ValueError: speed is -1"):
        run_locally((step,), {}, tmp_path / "out", notebooks=books)
    assert (tmp_path / "out" / "broken.ipynb").exists()


def test_a_killed_kernel_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    books = tmp_path / "notebooks"
    step = notebook(books, "killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(Stop, match="killed ended without an answer"):
        run_locally((step,), {}, tmp_path / "out", notebooks=books)
