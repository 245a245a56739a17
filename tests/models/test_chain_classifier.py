"""A classifier's way from features to its gates, declared in use_cases.yaml alone; and what a run leaves in the tracking store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from acme_lib.models import comparison, evaluate, predict, tracking, train, tune, validate
from acme_lib.models.registry import MemoryRegistry
from acme_lib.models.store import MemoryStore
from acme_lib.monitoring import JsonlAudit
from tests.models.conftest import DATA, NOW, filled

pytestmark = pytest.mark.ml
SMALL = {"trees": {"rounds": 25, "max_bin": 255}, "net": {"weight": 0.0}, "members": 2}
PLACES = {"failure_24h": ("azure-pdm", "azure_pdm", "pdm_machine", 6), "ai4i_failure": ("ai4i", "ai4i2020", "mill", 16)}


@pytest.fixture(params=PLACES)
def case(request: pytest.FixtureRequest) -> tuple[str, MemoryStore]:
    form, folder, spec, limit = PLACES[request.param]
    if not (DATA / folder).is_dir():
        pytest.skip(f"no public data in {DATA}; set ACME_DATA")
    return request.param, filled(form, DATA / folder, spec, limit=limit)


def test_a_classifier_is_trained_judged_and_every_gate_says_something(case: tuple[str, MemoryStore], home: Path, tmp_path: Path) -> None:  # fmt: skip
    use_case, store = case
    registry, audit = MemoryRegistry(tmp_path / "registry"), JsonlAudit(tmp_path / "audit.jsonl")
    counters = train.run(
        train.Config(run_id="t", use_case=use_case, recipe=SMALL, threads=1), store, NOW, registry
    ).counters
    found = evaluate.run(evaluate.Config(run_id="e", use_case=use_case), store, NOW, registry).counters
    predict.run(predict.Config(run_id="p", use_case=use_case), store, NOW, registry)
    rows = store.read("gold_predictions").to_pandas()
    test = rows[(rows.split == "test") & rows.label.notna()]
    assert found["average_precision"] == pytest.approx(average_precision_score(test.label, test.prediction))
    assert ((test.prediction >= 0) & (test.prediction <= 1)).all()
    alarm = test.prediction >= found["threshold"]
    assert found["precision"] == pytest.approx((test.label[alarm] == 1).mean())
    validate.run(validate.Config(run_id="v", use_case=use_case, threads=1), store, NOW, registry, audit)
    report = tracking.client().download_artifacts(registry.versions()[0].run_id, "validation/report.md", str(tmp_path))
    gates = {line.split("|")[1].strip() for line in Path(report).read_text().splitlines() if line.startswith("| ")}
    assert set(validate.NEEDED) <= gates
    _kept_by_the_run(counters, registry)


def _kept_by_the_run(counters: dict[str, Any], registry: MemoryRegistry) -> None:
    """Figures of cross-validation, latency, origin, environment, pictures, and what autologging alone writes."""
    run = tracking.client().get_run(registry.versions()[0].run_id)
    assert {
        "cv_average_precision",
        "cv_precision",
        "cv_recall",
        "cv_f1",
        "latency_row_us",
        "test_average_precision",
    } <= set(run.data.metrics)
    assert run.data.tags["trainingDataVersion"] == counters["snapshot_id"]
    assert {"featureTableVersion", "gitSHA"} <= set(run.data.tags)
    assert "num_boost_round" in run.data.params  # of LightGBM's autologging
    there = {f.path for f in tracking.client().list_artifacts(run.info.run_id)}
    assert {"environment.json", "training_snapshot.json", "plots", "validation"} <= there
    top = comparison.top_models(str(counters["model"]).removeprefix("acme-"))
    assert top.run_id.tolist() == [run.info.run_id]


@pytest.mark.parametrize("case", ["ai4i_failure"], indirect=True)
def test_tuning_says_what_happened_and_a_run_after_a_crash_goes_on(case: tuple[str, MemoryStore], home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    use_case, store = case
    asked = tune.Config(run_id="h", use_case=use_case, trials=3, folds=2, every=1, rounds=15, threads=1)
    ours, tried = tune.choice_figure, []

    def failing(*of: Any) -> float:
        tried.append(1)
        if len(tried) == 2:
            raise KeyboardInterrupt
        return ours(*of)

    monkeypatch.setattr(tune, "choice_figure", failing)
    with pytest.raises(KeyboardInterrupt):
        tune.run(asked, store, NOW, MemoryRegistry(tmp_path / "registry"))
    registry = MemoryRegistry(tmp_path / "registry2")
    said = tune.run(asked, store, NOW, registry).counters
    assert said["trials"] == 3
    assert (
        len(tried) == 1 + 1 + 2 + 2 * 3
    )  # one trial kept, one broken off, two more, then both recipes over three seeds
    assert (said["gain"] > 0) or not said["replaced"]
    assert len(registry.versions()) == int(said["replaced"])
    assert np.isfinite(said["baseline"])
