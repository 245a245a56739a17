"""A candidate's folder: what was saved can be read again, also where cross-validation left a figure undefined."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from acme_lib.contracts import Gate, contracts
from acme_lib.features import Frames, compute, names
from acme_lib.features import fit as fit_features
from acme_lib.models import judging, train
from acme_lib.models.bands import Bands
from acme_lib.models.candidate import Candidate
from acme_lib.models.export import onnx_model
from acme_lib.models.gates import bounded
from acme_lib.models.learner import fit
from acme_lib.models.recipe import Recipe, Trees
from tests.models.conftest import NOW

CASE = contracts().use_cases["ai4i_failure"]
RECIPE = Recipe(trees=Trees(rounds=3, min_data_in_leaf=5), members=1)


@pytest.mark.ml
def test_an_undefined_figure_is_left_out_and_the_candidate_loads(tmp_path: Path, home: Path) -> None:
    spec = contracts().feature_specs[CASE.feature_spec]
    values = np.random.default_rng(2).normal(100, 5, (60, len(spec.frame.tags)))
    frames = Frames("mill-1", np.arange(1, 61) * 60_000_000, values)
    fitted = fit_features(spec, [frames])
    vectors, label = compute(fitted, frames), np.arange(60) % 2 * 1.0
    learned = fit(RECIPE, CASE.kind, vectors, label, names(fitted), 1)
    figures = {"precision": math.nan, "recall": 0.0, "f1": 0.0}  # no alarm was given
    judged = judging.Judged(label, None, Bands(), 0.5, figures)  # type: ignore[arg-type]
    found = SimpleNamespace(case=CASE, feature_table_version="v")
    facts = train.facts(found, RECIPE, judged, "s", NOW)  # type: ignore[arg-type]
    Candidate(onnx_model(learned), fitted, Bands(), facts).save(tmp_path / "model", vectors[:20], names(fitted), {})
    loaded = Candidate.load(tmp_path / "model").facts
    assert loaded == facts
    assert loaded.cross_validation == {"recall": 0.0, "f1": 0.0}


@pytest.mark.parametrize("figures", [{}, {"precision": None}, {"precision": math.nan}])
def test_a_figure_that_is_absent_fails_what_binds_it(figures: dict[str, float | None]) -> None:
    (verdict,) = bounded([Gate(metric="precision", at_least=0.5)], figures)
    assert (verdict.ok, verdict.binding) == (False, True)
