"""What the platform says about itself: run records, alerts, audit, metrics."""

from acme_lib.monitoring.runs import RunRecord, recording

__all__ = ["RunRecord", "recording"]
