"""Checks that learn or compare anew: reproducibility and ONNX parity, planted future, drift, the model in production."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import UseCase
from acme_lib.models.bands import Bands
from acme_lib.models.candidate import Candidate, Predictor
from acme_lib.models.dataset import Dataset
from acme_lib.models.export import onnx_model
from acme_lib.models.figures import figures
from acme_lib.models.gates import Verdict, stated
from acme_lib.models.inputs import Inputs
from acme_lib.models.learner import fit
from acme_lib.models.registry import Registry, Version

__all__ = ["against_production", "drift", "planted_future", "reproducible"]

PARITY = {"regression": 0.01, "classification": 1e-4}
TOO_GOOD = 0.995  # rank correlation with the truth, of one feature alone
DRIFTED = 0.2  # of the features that are compared
SLACK = 1.02  # as good as the model in production, but for noise
LOWER_IS_BETTER = ("rmse", "mae", "brier", "cmapss_score")


def reproducible(found: Inputs, rows: Dataset, candidate: Candidate, folder: Path, test: Dataset, threads: int) -> list[Verdict]:  # fmt: skip
    """The first member is learned again: the same snapshot, seed and recipe must give the same file; and the ONNX model
    the same answers as what was learned."""
    facts = candidate.facts
    seed = facts.seeds[0]
    again = fit(facts.recipe, found.case.kind, rows.vectors, rows.label, found.names, seed, threads)
    kept = (folder / f"member_{seed}.onnx").read_bytes()
    same = found.data.snapshot_id == facts.snapshot_id and onnx_model(again) == kept
    off = float(np.abs(Predictor(kept, Bands()).raw(test.vectors) - again.raw(test.vectors)).max())
    limit = PARITY[found.case.kind]
    return [
        stated("reproducibility", same, "same snapshot and seed, same model", "identical" if same else "differs"),
        stated("ONNX parity", off <= limit, f"<= {limit:g} {found.case.unit}", f"{off:.2g}"),
    ]


def planted_future(names: Sequence[str], rows: Dataset) -> Verdict:
    """No feature alone may rank rows as the truth does. The check first proves itself on a planted copy of the truth."""
    ranks = _ranked(rows.label)
    planted = abs(_correlation(ranks, _ranked(rows.label + 0.0))) > TOO_GOOD
    told = [name for n, name in enumerate(names) if abs(_correlation(ranks, _ranked(rows.vectors[:, n]))) > TOO_GOOD]
    asked = f"no feature with a rank correlation above {TOO_GOOD} to the truth"
    return stated(
        "leakage: planted future", planted and not told, asked, ", ".join(told) or "none; a planted one is seen"
    )


def drift(found: Inputs, rows: Dataset, test: Dataset) -> Verdict:
    """Training against test, by life phase: most single-frame features must keep their distribution."""
    from acme_lib.drift import compare
    from acme_lib.drift.strata import Table, aligned

    plain = [n for n, name in enumerate(found.names) if "__" not in name]
    nothing = np.full(max(len(rows), len(test)), np.nan)

    def table(data: Dataset) -> Table:
        vectors = data.vectors[:, plain].astype(np.float64)
        return Table(data.equipment, data.at, data.frame.astype(np.float64), vectors, nothing[: len(data)], nothing[: len(data)])  # fmt: skip

    ages = found.case.label.cap is not None
    by = "time" if found.case.split.test == "forward" else "equipment"
    names = tuple(found.names[n] for n in plain)
    reference, current = aligned(names, table(rows), table(test), by, ages)  # type: ignore[arg-type]
    seen = compare(reference, current)
    judged, bad = {f.feature for f in seen.findings if f.threshold is not None}, {f.feature for f in seen.drifted}
    if not judged:
        return stated("drift", True, "500 rows a side", f"insufficient ({len(test)} rows)")
    return stated("drift", len(bad) <= DRIFTED * len(judged), f"at most {DRIFTED:.0%} of features drifted", f"{len(bad)} of {len(judged)}")  # fmt: skip


def against_production(case: UseCase, test: Dataset, figures_now: dict[str, float], registry: Registry, holder: Version | None, found: Inputs) -> Verdict:  # fmt: skip
    """The model in production, on the same rows. One whose features these are not can't be compared here, and fails."""
    asked = f"{case.primary} no worse than in production"
    if holder is None:
        return stated("against production", True, asked, "none in production")
    with TemporaryDirectory() as scratch:
        there = Candidate.load(registry.fetch(holder.model, holder.version, Path(scratch) / "model"))
    if there.facts.feature_table_version != found.feature_table_version:
        return stated("against production", None, asked, None)
    answers = there.predictor().predict(test.vectors)
    theirs = figures(case, test, answers, there.facts.threshold, found.events, case.seeds[0])[case.primary]
    ours = figures_now.get(case.primary, float("nan"))
    ok = ours <= theirs * SLACK if case.primary in LOWER_IS_BETTER else ours >= theirs / SLACK
    return stated("against production", bool(ok), asked, f"{ours:.4g} against {theirs:.4g} (version {holder.version})")


def _ranked(column: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Average ranks, so that equal values are equal; NaN last of all."""
    _, own, count = np.unique(column, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[own], dtype=np.float64)


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    if a.std() == 0 or b.std() == 0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])
