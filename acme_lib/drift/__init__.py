"""Drift: PSI and friends against a stratified reference, with thresholds whose false-alarm rate is known."""

from acme_lib.drift.calibrate import Calibration, calibrate
from acme_lib.drift.compare import Comparison, Finding, compare
from acme_lib.drift.metrics import METRICS, mean_shift, missing_delta, psi, variance_shift
from acme_lib.drift.parts import newest, parts
from acme_lib.drift.reference import LEAST_ROWS, Reference, Rows

__all__ = [
    "LEAST_ROWS",
    "METRICS",
    "Calibration",
    "Comparison",
    "Finding",
    "Reference",
    "Rows",
    "calibrate",
    "compare",
    "mean_shift",
    "missing_delta",
    "newest",
    "parts",
    "psi",
    "variance_shift",
]
