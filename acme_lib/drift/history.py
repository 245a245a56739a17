"""Past drift runs, read back from drift_results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["alarms", "last_run"]


def last_run(lake: Lakehouse, use_case: str) -> list[dict[str, Any]]:
    """Rows of the newest run of a use case, the farthest beyond its threshold first; empty where there is none."""
    rows = lake.read("drift_results").where(f"use_case = '{use_case}'")
    newest = rows.agg({"run_utc": "max"}).collect()[0][0]
    if newest is None:
        return []
    found = [r.asDict() for r in rows.where(rows["run_utc"] == newest).collect()]
    return sorted(found, key=lambda r: (-abs(r["value"]) / r["threshold"] if r["threshold"] else 0.0, r["feature"]))


def alarms(lake: Lakehouse, use_case: str, model_version: str) -> tuple[list[bool], list[bool]]:
    """Whether inputs, and whether residuals, drifted in each run against a model, newest first. A run that could not judge
    residuals says nothing of them."""
    rows = lake.read("drift_results").where(f"use_case = '{use_case}' AND model_version = '{model_version}'")
    told = rows.selectExpr("run_utc", "feature = 'residual' AS residual", "drifted", "threshold IS NOT NULL AS judged")
    counts = (
        told.where("judged").groupBy("run_utc", "residual").agg({"drifted": "max"}).orderBy("run_utc", ascending=False)
    )
    found = [(bool(r["residual"]), bool(r["max(drifted)"])) for r in counts.collect()]
    return [d for residual, d in found if not residual], [d for residual, d in found if residual]
