"""The checks behind the gates, each one question of a candidate. What can't be answered fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import UseCase
from acme_lib.models import metrics as m
from acme_lib.models.bands import Answers
from acme_lib.models.candidate import Candidate
from acme_lib.models.dataset import Dataset
from acme_lib.models.gates import Verdict, stated
from acme_lib.models.inputs import Inputs
from acme_lib.models.logbook import latency_us
from acme_lib.models.slices import Slice, age_bands, lines, sites, slices
from acme_lib.models.splits import TEST, TRAIN

__all__ = ["attributes", "calibration", "data_coverage", "groups", "identifiers", "latency", "slice_check", "unbound"]

COMPLETE = 0.9  # share of frames that hold all they need
LATENCY_US = 1_000.0
CALIBRATION = 0.05  # of an interval's coverage, and the most a mean probability may be off
RARE = (0.5, 0.005)  # of a rare event: half its rate, but no less than this
LEAST_ROWS, LEAST_ASSETS = 30, 5
WORSE = 1.5  # a slice's error against all rows'
AGE = "age_years"


def unbound(verdict: Verdict) -> Verdict:
    """The same, reported only."""
    return replace(verdict, binding=False)


def data_coverage(found: Inputs) -> Verdict:
    """Frames complete, both sides of the split labelled by more than one asset."""
    share = float(found.data.complete.mean())
    assets = len(np.unique(found.data.labelled(TRAIN).equipment))
    ok = share >= COMPLETE and assets >= found.case.split.folds
    return stated("data coverage", ok, f">= {COMPLETE:.0%} of frames complete, >= {found.case.split.folds} assets", f"{share:.1%}, {assets} assets")  # fmt: skip


def calibration(case: UseCase, figures: dict[str, float]) -> Verdict:
    """Intervals cover what they claim within 5 points; probabilities are right on average, as nearly as the event is rare."""
    if case.kind == "classification":
        off = figures.get("calibration_error", float("nan"))
        rate = figures.get("positives", float("nan")) / figures.get("rows", float("nan"))
        limit = min(CALIBRATION, max(RARE[1], RARE[0] * min(rate, 1 - rate)))
        asked = f"mean probability within {limit:.2g} of the rate, {rate:.2g}"
        return stated("calibration", _known(off) and _known(rate) and off <= limit, asked, f"{off:.2g} off")
    rows = figures.get("coverage_rows", float("nan"))
    low, high = case.interval - CALIBRATION, case.interval + CALIBRATION
    return stated(
        "calibration", _known(rows) and low <= rows <= high, f"{low:.0%} to {high:.0%} of rows inside", f"{rows:.1%}"
    )


def slice_check(found: Inputs, test: Dataset, answers: Answers) -> tuple[Verdict, list[Slice]]:
    """Bias by site, line and age. Worse: more than 1.5 times the error of all rows; a slice too small claims nothing.

    A classifier's error is the share of the slice's own variance that it leaves: a Brier score alone is high wherever
    events are frequent.
    """
    case = found.case
    judged = test.of(test.last) if case.kind == "regression" else test
    value = answers.value[test.last] if case.kind == "regression" else answers.value
    dimensions = {
        "site": sites(judged.equipment),
        "line": lines(judged.equipment),
        "age": age_bands(_age(found, judged)),
    }
    figure, telling = (m.mae, None) if case.kind == "regression" else (m.unexplained, judged.label == 1)
    log = slices(dimensions, judged.equipment, judged.label, value, figure, lambda a, b: a > WORSE * b, LEAST_ROWS, LEAST_ASSETS, telling)  # fmt: skip
    bad = [f"{s.dimension} {s.value} ({s.figure:.3g})" for s in log if s.verdict == "worse"]
    return stated("slices", not bad, f"no slice of {LEAST_ROWS} rows and {LEAST_ASSETS} assets {WORSE} times worse", ", ".join(bad) or "none"), log  # fmt: skip


def _age(found: Inputs, rows: Dataset) -> npt.NDArray[np.floating]:
    """Years where the equipment says its age, else frames since its first."""
    return rows.vectors[:, found.names.index(AGE)] if AGE in found.names else rows.frame.astype(np.float64)


def identifiers(found: Inputs) -> Verdict:
    """A feature that is constant within every asset and another in each would name the asset instead of its state."""
    bad = _naming(found, [name for name in found.names if not _declared(found, name)])
    return stated("leakage: identifiers", not bad, "no feature names its asset", ", ".join(bad) or "none")


def attributes(found: Inputs) -> Verdict:
    """The same of the attributes that the spec declares, reported only: an age is meant to stand still, and of a few
    machines no two are equally old."""
    bad = _naming(found, [name for name in found.names if _declared(found, name)])
    return unbound(stated("declared attributes", not bad, "none names its asset", ", ".join(bad) or "none"))


def _declared(found: Inputs, name: str) -> bool:
    return name.split("__")[0] in {attribute.tag for attribute in found.spec.attributes}


def _naming(found: Inputs, names: list[str]) -> list[str]:
    """Those of the names that are constant within every asset and another in each."""
    data, bad = found.data, []
    order, assets = np.unique(data.equipment, return_inverse=True)
    for name in names:
        column = data.vectors[:, found.names.index(name)].astype(np.float64)
        first = np.array([column[np.argmax(assets == a)] for a in range(len(order))]) if len(order) > 2 else column[:0]
        if len(first) and len(np.unique(first)) == len(order) and np.nanmax(np.abs(column - first[assets])) == 0:
            bad.append(name)
    return bad


def groups(found: Inputs) -> Verdict:
    """No asset, or no time, on both sides of the split."""
    data, rule = found.data, found.case.split
    train, test = data.split == TRAIN, data.split == TEST
    if rule.test == "forward":
        gap_h = (int(data.at[test].min()) - int(data.at[train].max())) / 3.6e9
        return stated("leakage: groups", gap_h > rule.gap_h, f"a gap of {rule.gap_h:g} h", f"{gap_h:g} h")
    shared = set(data.equipment[train].tolist()) & set(data.equipment[test].tolist())
    return stated("leakage: groups", not shared, "no asset on both sides", ", ".join(sorted(shared)[:3]) or "none")


def latency(candidate: Candidate, test: Dataset) -> Verdict:
    one, _ = latency_us(candidate.predictor(), test.vectors[: min(256, len(test))])
    return stated("latency", one <= LATENCY_US, f"one row <= {LATENCY_US:g} us", f"{one:.0f} us")


def _known(value: float) -> bool:
    return bool(np.isfinite(value))
