"""A current window against a reference: every feature, stratum and metric with its calibrated threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acme_lib.drift.calibrate import Calibration, calibrate, judged
from acme_lib.drift.metrics import METRICS
from acme_lib.drift.reference import LEAST_ROWS, Reference, Rows
from acme_lib.drift.tally import distances, tally

__all__ = ["Comparison", "Finding", "compare"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One row of drift_results. `threshold` None: too few rows on a side to judge."""

    feature: str
    stratum: str
    metric: str
    value: float
    threshold: float | None
    n_reference: int
    n_current: int

    @property
    def drifted(self) -> bool:
        return self.threshold is not None and abs(self.value) > self.threshold


@dataclass(frozen=True)
class Comparison:
    """What was found, and how far to trust it."""

    findings: list[Finding]
    calibrations: list[Calibration]

    @property
    def drifted(self) -> list[Finding]:
        """Beyond their threshold, the farthest first."""
        return sorted((f for f in self.findings if f.drifted), key=lambda f: -abs(f.value) / (f.threshold or 1))

    @property
    def rate(self) -> float:
        """Measured false alarms a run, at most: the sum over strata; NaN where none could be measured."""
        rates = [c.rate for c in self.calibrations if np.isfinite(c.rate)]
        return float(min(1.0, sum(rates))) if rates else float("nan")

    @property
    def bound(self) -> float:
        """False alarms a run that the number of independent windows can promise."""
        return float(min(1.0, sum(c.bound for c in self.calibrations if c.calibrated)))


def compare(reference: Reference, current: Rows, alpha: float = 0.05, seed: int = 1) -> Comparison:
    """Judges strata of which `current` has at least 500 rows; the alarms of a run are shared among them (alpha / strata)."""
    counts = {s: int((current.stratum == s).sum()) for s in reference.strata}
    enough = [s for s in reference.strata if counts[s] >= LEAST_ROWS]
    calibrations = [calibrate(reference, s, counts[s], alpha / len(enough), seed) for s in enough]
    return compare_with(reference, calibrations, current)


def compare_with(reference: Reference, calibrations: list[Calibration], current: Rows) -> Comparison:
    """The same with thresholds made before."""
    findings = [f for c in calibrations for f in _findings(reference, c, current.of(current.stratum == c.stratum))]
    return Comparison(findings, calibrations)


def _findings(reference: Reference, calibration: Calibration, current: Rows) -> list[Finding]:
    _, scale, before = reference.stratum(calibration.stratum)
    now = tally(current.values, scale).whole
    values, fit = distances(before, now), judged(before, now)
    found = []
    for f, m in np.argwhere(np.isfinite(values)):
        if METRICS[m] == "missing_delta" and reference.names[f] in reference.awaited:
            continue
        limit = calibration.thresholds[f, m]
        known = np.isfinite(limit) and np.isfinite(fit[f, m])
        found.append(
            Finding(
                reference.names[f], calibration.stratum, METRICS[m], float(values[f, m]), float(limit) if known else None,
                int(before.known[f]), int(now.known[f]),
            )
        )  # fmt: skip
    return found
