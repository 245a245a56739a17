"""The drift job: what has come since training against the snapshot the model learned from, to drift_results and alerts."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from acme_lib.contracts import contracts
from acme_lib.drift import sources
from acme_lib.drift.compare import Comparison, compare
from acme_lib.drift.parts import newest
from acme_lib.drift.strata import RESIDUAL, aligned
from acme_lib.drift.windows import Scheme
from acme_lib.errors import Stop, WrongUse
from acme_lib.monitoring import LakeAlerts, RunRecord, recording

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["Config", "run", "tell"]


class Config(BaseModel):
    """Parameters of the notebook drift_detection. Without `since` and `until`: all that the model did not learn from."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str = Field(pattern=r"^[\w.:-]+$")
    use_case: str = "rul"
    model_version: str | None = Field(default=None, pattern=r"^[\w.-]+$")
    since: datetime | None = None
    until: datetime | None = None
    alpha: float = Field(default=0.05, gt=0, lt=1)
    """Aim for false alarms a run, over all features."""


def run(config: Config, lake: Lakehouse, now: datetime) -> RunRecord:
    """Writes drift_results and alerts. Raises WrongUse for an unknown use case, Stop without a model or its snapshot."""
    cases = contracts().use_cases
    if config.use_case not in cases:
        raise WrongUse(f"parameter use_case: no use case {config.use_case!r}; there are {', '.join(cases)}")
    case = cases[config.use_case]
    with recording(config.run_id, "drift_detection", now) as record:
        model = sources.model_of(lake, case.id, config.model_version)
        past = sources.past(lake, case.id, model)
        coming = sources.current(lake, case.id, model, config.since, config.until)
        record.rows_in = len(past) + len(coming)
        if not len(coming):
            raise Stop(
                f"drift {case.id}: nothing has come that model {model[0]} did not learn from; widen since and until"
            )
        scheme: Scheme = "time" if case.split.test == "forward" else "equipment"
        reference, window = aligned(_names(lake, model[2]), past, coming, scheme, case.label.cap is not None)
        window = newest(reference, window)
        found = compare(reference, window, config.alpha)
        commit = lake.replace("drift_results", lake.frame("drift_results", _rows(config, model, found, now)),
            {"run_id": config.run_id}, where=f"run_id = '{config.run_id}' AND use_case = '{case.id}'")  # fmt: skip
        record.rows_out, record.bytes_out = commit.rows, commit.bytes
        record.counters = {"use_case": case.id, "model_version": model[0], "rows_judged": len(window), **summary(found)}
        tell(LakeAlerts(lake), case.id, found, now)
    return record


def summary(found: Comparison) -> dict[str, object]:
    """Counters of a run; the false-alarm rate is None where too few windows stand to measure it."""
    rate = found.rate
    return {
        "judged": sum(f.threshold is not None for f in found.findings),
        "drifted": len(found.drifted),
        "strata": [c.stratum for c in found.calibrations if c.calibrated],
        "false_alarm_rate": round(rate, 4) if isfinite(rate) else None,
        "false_alarm_bound": round(found.bound, 4),
        "farthest": [f"{f.feature} {f.metric} {f.value:.3g} ({f.stratum})" for f in found.drifted[:5]],
    }


def tell(alerts: LakeAlerts, use_case: str, found: Comparison, now: datetime) -> None:
    """One alert a use case and kind, closed by the first quiet run that could judge."""
    for rule, residual in (("input_drift", False), ("residual_drift", True)):
        drifted = [f for f in found.drifted if (f.feature == RESIDUAL) == residual]
        judged = any(f.threshold is not None and (f.feature == RESIDUAL) == residual for f in found.findings)
        if drifted:
            first = drifted[0]
            alerts.open(rule, use_case, f"{len(drifted)} beyond threshold, first {first.feature} {first.metric} {first.value:.3g}", now)  # fmt: skip
        elif judged:
            alerts.close(rule, use_case, now)


def _names(lake: Lakehouse, version: str) -> tuple[str, ...]:
    rows = lake.read("feature_versions").where(f"feature_table_version = '{version}'").select("names").collect()
    if not rows:
        raise Stop(f"drift: feature version {version} is not in feature_versions; run feature_build")
    return tuple(rows[0]["names"])


def _rows(config: Config, model: sources.Model, found: Comparison, now: datetime) -> list[dict[str, object]]:
    same = {
        "run_id": config.run_id, "run_utc": now, "use_case": config.use_case, "model_version": model[0], "snapshot_id": model[1],
        "false_alarm_rate": found.rate if isfinite(found.rate) else None,
    }  # fmt: skip
    columns = ("feature", "stratum", "metric", "value", "threshold", "drifted", "n_reference", "n_current")
    return [same | {c: getattr(f, c) for c in columns} for f in found.findings]
