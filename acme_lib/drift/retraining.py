"""Which retraining triggers hold: residuals that drifted, inputs that drifted more than once, much new truth. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from acme_lib.contracts._ml import Alarms, Triggers

__all__ = ["Evidence", "Trigger", "judged"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """Drift runs against the serving model, newest first (True = alarmed); rows it learned from; labelled rows since."""

    input_alarms: Sequence[bool]
    residual_alarms: Sequence[bool]
    rows_trained: int
    rows_since: int


@dataclass(frozen=True, slots=True)
class Trigger:
    name: str
    holds: bool
    why: str


def judged(triggers: Triggers, evidence: Evidence) -> list[Trigger]:
    """Every trigger with its verdict and the reason, in the playbook's order."""
    return [
        _alarmed("residual_drift", triggers.residual_drift, evidence.residual_alarms),
        _alarmed("input_drift", triggers.input_drift, evidence.input_alarms),
        _volume(triggers, evidence),
    ]


def _alarmed(name: str, rule: Alarms, runs: Sequence[bool]) -> Trigger:
    last = runs[: rule.runs]
    return Trigger(
        name, sum(last) >= rule.alarms, f"{sum(last)} of the last {len(last)} runs alarmed; it takes {rule.alarms} of {rule.runs}"
    )  # fmt: skip


def _volume(triggers: Triggers, evidence: Evidence) -> Trigger:
    rule = triggers.data_volume
    needed = max(rule.share * evidence.rows_trained, rule.least_rows)
    why = f"{evidence.rows_since:,} labelled rows since training on {evidence.rows_trained:,}; it takes {needed:,.0f}"
    return Trigger("data_volume", evidence.rows_since >= needed, why)
