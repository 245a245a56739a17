"""Feature specs and use cases that other contracts contradict are named with file, key and mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from acme_lib.contracts import Contracts, contracts
from acme_lib.render.declared import declared

FOLDER = Path(__file__).parents[2] / "acme_lib" / "contracts"


def test_what_this_release_declares_has_no_problem() -> None:
    assert [str(p) for p in declared(contracts())] == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("features.yaml", "required: [volt,", "required: [volts,", "pdm_machine.volts: not every class of pdm_machine has this tag"),
        ("features.yaml", "of: [tool_wear, torque]", "of: [tool_wear, force]", "mill.force: is used but is no tag of the frame"),
        ("features.yaml", "windows: [3, ", "windows: [0, ", "pdm_machine.windows: counts frames from 1"),
        ("features.yaml", "id: mill", "id: turbofan", "turbofan: stands twice"),
        ("use_cases.yaml", "feature_spec: mill", "feature_spec: mil", "ai4i_failure.feature_spec: mil is not in features.yaml"),
        ("use_cases.yaml", "prediction_tag: rul_prediction", "prediction_tag: rul", "rul.prediction_tag: rul is no tag of turbofan"),
        ("use_cases.yaml", "primary: rmse", "primary: rmsle", "rul.metrics: rmsle ranks or gates but would not be shown"),
        ("use_cases.yaml", "label: {event: failure, horizon_h: 24,", "label: {event: failure,", "failure_24h.label.horizon_h: a classification needs one"),
    ],
)  # fmt: skip
def test_a_contradiction_is_named(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    shutil.copytree(FOLDER, tmp_path / "c")
    path = tmp_path / "c" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert any(said in str(problem) for problem in declared(Contracts(tmp_path / "c")))
