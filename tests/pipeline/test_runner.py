"""One call runs the notebooks: in Fabric as one DAG of its session, elsewhere by papermill; the CLI is a caller of it."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import notebookutils
import pytest
from typer.testing import CliRunner

from acme_lib import pipeline, runtime
from acme_lib.errors import Stop
from acme_lib.pipeline import STEPS, NotebookRun, local
from acme_lib.pipeline.cli import app

PACKAGE = Path(runtime.__file__).parent
RECORD = '{"job": "bronze_ingest", "seconds": 1.5, "rows_out": 7}'


class RunMultipleFailed(Exception):
    """As Fabric raises it: the results of those that ran come with it."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("one or more notebooks failed")
        self.result = result


@pytest.fixture
def dags(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Makes this a Fabric notebook; the DAGs its session was asked to run."""
    asked: list[dict[str, Any]] = []

    def run_multiple(dag: dict[str, Any], config: None = None) -> dict[str, Any]:
        asked.append(dag)
        return {a["name"]: {"exitVal": RECORD, "exception": None} for a in dag["activities"]}

    monkeypatch.setattr(runtime, "is_fabric", lambda: True)
    monkeypatch.setattr(notebookutils.notebook, "runMultiple", run_multiple)
    return asked


def test_calls_fit_the_signatures_of_notebookutils() -> None:
    inspect.signature(notebookutils.notebook.runMultiple).bind({})
    inspect.signature(notebookutils.notebook.validateDAG).bind({})
    inspect.signature(notebookutils.notebook.exit).bind("value")
    inspect.signature(notebookutils.credentials.getSecret).bind("vault", "secret")


def test_runtime_alone_knows_notebookutils() -> None:
    knowing = {p.name for p in PACKAGE.rglob("*.py") if "import notebookutils" in p.read_text()}
    assert knowing == {"runtime.py"}


def test_the_command_runs_one_dag_in_fabric(dags: list[dict[str, Any]]) -> None:
    named = ["--only", "bronze_ingest", "--only", "silver_transform"]
    done = CliRunner().invoke(app, ["run", "--run-id", "r7", *named, "--json"])
    assert done.exit_code == 0, done.output
    (dag,) = dags
    assert [(a["name"], a["args"], a["dependencies"]) for a in dag["activities"]] == [
        ("bronze_ingest", {"run_id": "r7"}, []),
        ("silver_transform", {"run_id": "r7"}, ["bronze_ingest"]),
    ]
    assert json.loads(done.stdout)["bronze_ingest"] == {"seconds": 1.5, "record": json.loads(RECORD)}


def test_elsewhere_papermill_runs_them(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    def run_locally(steps: Any, parameters: Any, out: Path, **more: Any) -> list[NotebookRun]:
        assert parameters["bronze_ingest"] == {"run_id": "r8", "max_offsets_per_trigger": 5}
        return [NotebookRun(s.name, 1.0, out / s.notebook) for s in steps]

    monkeypatch.setattr(local, "run_locally", run_locally)
    runs = pipeline.run(STEPS, {"bronze_ingest": {"max_offsets_per_trigger": 5}}, "r8")
    assert [r.name for r in runs] == [s.name for s in STEPS]
    assert runs[0].output == home / "runs" / "r8" / "notebooks" / "bronze_ingest.ipynb"


@pytest.mark.parametrize("raises", [True, False])
def test_a_failed_notebook_stops_the_run(raises: bool, dags: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {
        "bronze_ingest": {"exitVal": "ok", "exception": None},
        "silver_transform": {"exitVal": "", "exception": "disk full"},
    }

    def run_multiple(dag: Any, config: None = None) -> dict[str, Any]:
        if raises:
            raise RunMultipleFailed(answer)
        return answer

    monkeypatch.setattr(notebookutils.notebook, "runMultiple", run_multiple)
    with pytest.raises(Stop, match="silver_transform failed: disk full"):
        pipeline.run(STEPS, {}, "r9")


def test_a_job_definition_is_told_to_use_a_notebook(dags: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "find_spec", lambda name: None)
    with pytest.raises(Stop, match="from a Fabric notebook only"):
        pipeline.run(STEPS, {}, "r10")
