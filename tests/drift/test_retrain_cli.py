"""`acme retrain`: trains only where a trigger holds, in the playbook's order, and never on a dry run."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from acme_lib import runtime
from acme_lib.drift import evidence
from acme_lib.drift.retrain_cli import app
from acme_lib.drift.retraining import Trigger
from acme_lib.pipeline import local


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, home: Path) -> Any:
    """Invokes the command with a trigger that holds or not; gives its answer and the notebooks that ran."""
    calls: list[Any] = []

    def run_locally(steps: Any, parameters: Any, out: Path, **_: Any) -> list[Any]:
        calls.append(([s.name for s in steps], parameters))
        return [SimpleNamespace(name=s.name, record={"status": "succeeded"}) for s in steps]

    def invoke(holds: bool, *options: str) -> tuple[dict[str, Any], list[Any]]:
        monkeypatch.setattr(evidence, "triggers_of", lambda lake, case: [Trigger("data_volume", holds, "because")])
        done = CliRunner().invoke(app, ["--use-case", "failure_24h", "--json", *options])
        assert done.exit_code == 0, done.output
        return json.loads(done.output), calls

    monkeypatch.setattr(runtime, "lakehouse", lambda: None)
    monkeypatch.setattr(local, "run_locally", run_locally)
    return invoke


def test_a_trigger_that_holds_runs_the_playbook_in_order(ran: Any) -> None:
    answer, calls = ran(True)
    assert calls[0][0] == ["feature_build", "train_baseline", "hpo_run", "validate_register"]
    assert {p["use_case"] for p in calls[0][1].values()} == {"failure_24h"}
    assert len({p["run_id"] for p in calls[0][1].values()}) == 1
    assert answer["due"]
    assert answer["steps"]["validate_register"]["status"] == "succeeded"


def test_nothing_runs_without_a_trigger_or_on_a_dry_run(ran: Any) -> None:
    quiet, calls = ran(False)
    assert (quiet["due"], calls) == (False, [])
    dry, calls = ran(True, "--dry-run")
    assert (dry["due"], dry["steps"], calls) == (True, {}, [])


def test_force_runs_without_a_trigger(ran: Any) -> None:
    answer, calls = ran(False, "--force")
    assert answer["triggers"] == [{"name": "data_volume", "holds": False, "why": "because"}]
    assert len(calls) == 1
