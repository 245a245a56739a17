"""The pipeline's steps, and their form for Fabric."""

from __future__ import annotations

import pytest

from acme_lib.errors import WrongUse
from acme_lib.pipeline.dag import MODEL_STEPS, STEPS, Step, chosen
from acme_lib.pipeline.fabric import as_dag
from acme_lib.pipeline.local import NOTEBOOKS


def test_every_step_has_a_notebook_and_every_notebook_a_step() -> None:
    assert {s.notebook for s in (*STEPS, *MODEL_STEPS)} == {p.name for p in NOTEBOOKS.glob("*.ipynb")}


def test_steps_stand_after_what_they_need() -> None:
    seen: set[str] = set()
    for step in (*STEPS, *MODEL_STEPS):
        assert set(step.after) <= seen
        seen.add(step.name)


def test_choosing_keeps_order_and_drops_unchosen_needs() -> None:
    assert chosen(["gold_aggregate", "bronze_ingest"]) == (Step("bronze_ingest"), Step("gold_aggregate"))


def test_an_unknown_notebook_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match="no notebook 'gold' in the pipeline; it has bronze_ingest"):
        chosen(["gold"])


def test_dag_has_the_form_run_multiple_takes() -> None:
    dag = as_dag(STEPS, {"bronze_ingest": {"run_id": "r"}})
    assert [a["name"] for a in dag["activities"]] == [s.name for s in STEPS]
    assert dag["activities"][0]["args"] == {"run_id": "r"}
    assert dag["activities"][1]["dependencies"] == ["bronze_ingest"]
