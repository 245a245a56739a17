"""Measurements with a baseline in the same run; each writes its report to docs/reports/."""

from acme_lib.bench.report import Report, spread

__all__ = ["Report", "spread"]
