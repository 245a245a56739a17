"""Checks that learn or compare anew: reproducibility and ONNX parity, planted future, the model in production."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import UseCase
from acme_lib.models.bands import Answers, Bands
from acme_lib.models.candidate import Candidate, Predictor
from acme_lib.models.dataset import Dataset, vectors_of
from acme_lib.models.export import onnx_model
from acme_lib.models.figures import figures
from acme_lib.models.gates import Verdict, stated
from acme_lib.models.inputs import Inputs
from acme_lib.models.learner import fit
from acme_lib.models.registry import Registry, Version
from acme_lib.models.store import Store

__all__ = ["against_production", "planted_future", "reproducible"]

PARITY = {"regression": 0.01, "classification": 1e-4}
TOO_GOOD = 0.995  # rank correlation with the truth, or area under the ROC curve, of one feature alone
SLACK = 1.02  # as good as the model in production, but for noise
LOWER_IS_BETTER = ("rmse", "mae", "brier", "cmapss_score")


def reproducible(found: Inputs, rows: Dataset | None, candidate: Candidate, folder: Path, test: Dataset, threads: int) -> list[Verdict]:  # fmt: skip
    """The first member is learned again from its snapshot (`rows`, None where that is gone): the same rows, seed and recipe
    must give the same file, hence the same figures; and the ONNX model the same answers as what was learned."""
    asked, limit = "same snapshot and seed, same model", PARITY[found.case.kind]
    parity = f"<= {limit:g} {found.case.unit}"
    if rows is None:
        return [stated("reproducibility", None, asked, None), stated("ONNX parity", None, parity, None)]
    facts = candidate.facts
    again = fit(facts.recipe, found.case.kind, rows.vectors, rows.label, found.names, facts.seeds[0], threads)
    kept = (folder / f"member_{facts.seeds[0]}.onnx").read_bytes()
    same = onnx_model(again) == kept
    off = float(np.abs(Predictor(kept, Bands()).raw(test.vectors) - again.raw(test.vectors)).max())
    return [
        stated("reproducibility", same, asked, "identical" if same else "differs"),
        stated("ONNX parity", off <= limit, parity, f"{off:.2g}"),
    ]


def planted_future(found: Inputs, rows: Dataset) -> Verdict:
    """No feature changes when what comes later is taken away (their build looked, and proved itself on a planted one), and
    none alone tells the truth."""
    asked = f"recomputed at cut-offs no feature changes; none alone tells the truth (above {TOO_GOOD})"
    if found.seen_ahead is None:
        return stated("leakage: planted future", None, asked, None)
    telling = _telling_alone if found.case.kind == "regression" else _parting_alone
    told = [name for n, name in enumerate(found.names) if telling(rows.label, rows.vectors[:, n]) > TOO_GOOD]
    bad = [*found.seen_ahead, *told]
    return stated("leakage: planted future", not bad, asked, ", ".join(bad) or "none; a planted one is seen")


def against_production(case: UseCase, test: Dataset, figures_now: dict[str, float], registry: Registry, holder: Version | None, found: Inputs, store: Store) -> Verdict:  # fmt: skip
    """The model in production on the same frames, each by its own features. One that has no features of them fails the gate."""
    asked = f"{case.primary} no worse than in production"
    if holder is None:
        return stated("against production", True, asked, "none in production")
    with TemporaryDirectory() as scratch:
        there = Candidate.load(registry.fetch(holder.model, holder.version, Path(scratch) / "model"))
    answers = _its_answers(there, test, found, store)
    if answers is None:
        lacking = f"version {holder.version} has no {there.facts.feature_table_version} features of these frames; build them (acme features build --version)"
        return stated("against production", False, asked, lacking)
    theirs = figures(case, test, answers, there.facts.threshold, found.events, case.seeds[0])[case.primary]
    ours = figures_now.get(case.primary, float("nan"))
    ok = ours <= theirs * SLACK if case.primary in LOWER_IS_BETTER else ours >= theirs / SLACK
    return stated("against production", bool(ok), asked, f"{ours:.4g} against {theirs:.4g} (version {holder.version})")


def _its_answers(there: Candidate, test: Dataset, found: Inputs, store: Store) -> Answers | None:
    """What a model says of the test's frames; None where its features lack one of them."""
    own = there.facts.feature_table_version
    if own == found.feature_table_version:
        return there.predictor().predict(test.vectors)
    rows = store.read("feature_vectors", {"feature_table_version": own}, ["equipment_id", "ts_utc", "vector"])
    if not len(rows):
        return None
    at = rows["ts_utc"].to_numpy().astype("datetime64[us]").astype(np.int64).tolist()
    place = {key: n for n, key in enumerate(zip(rows["equipment_id"].to_pylist(), at, strict=True))}
    wanted = [place.get(key) for key in zip(test.equipment.tolist(), test.at.tolist(), strict=True)]
    if None in wanted:
        return None
    return there.predictor().predict(vectors_of(rows)[np.array(wanted, dtype=np.intp)])


def _telling_alone(truth: npt.NDArray[np.float64], column: npt.NDArray[np.float32]) -> float:
    """Rank correlation with the truth, whichever its sign."""
    return abs(_correlation(_ranked(truth), _ranked(column)))


def _parting_alone(truth: npt.NDArray[np.float64], column: npt.NDArray[np.float32]) -> float:
    """Area under the ROC curve, whichever way round; 0 where one outcome is missing. A rare event hardly moves a correlation."""
    came, ranks = truth == 1, _ranked(column)
    first, second = int(came.sum()), int((~came).sum())
    if not first or not second:
        return 0.0
    area = (ranks[came].sum() - first * (first + 1) / 2) / (first * second)
    return float(max(area, 1 - area))


def _ranked(column: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Average ranks, so that equal values are equal; NaN last of all."""
    _, own, count = np.unique(column, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[own], dtype=np.float64)


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
