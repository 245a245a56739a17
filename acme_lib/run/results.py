"""What a run leaves, whether it ended well or failed: summary.json and report.html, and `latest` that points to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acme_lib.run import models
from acme_lib.run.alerts import alerts
from acme_lib.run.evidence import Evidence
from acme_lib.run.reconcile import reconcile
from acme_lib.run.report import write_report

__all__ = ["Known", "leave", "leave_failed", "summary", "summary_so_far"]


@dataclass(frozen=True)
class Known:
    """What a summary is made from. `published` counts by kind, or by backfill hub; `use_cases` is None where no model was asked for."""

    about: dict[str, Any]
    published: Mapping[str, int]
    bridge: dict[str, Any] | None
    evidence: Evidence
    ops: Path
    use_cases: Sequence[str] | None = None

    def parts(self) -> tuple[Callable[[], dict[str, Any]], ...]:
        """Each makes some members of the summary, apart from the others."""
        return self._carried, self._proven, self._alerts, self._models

    def _carried(self) -> dict[str, Any]:
        total, carried = sum(self.published.values()), self.bridge or {}
        dead = dict(carried.get("dead_lettered", {}))
        return {
            "published": total,
            "published_by_kind": {"valid": total} if self.about["path"] == "backfill" else dict(self.published),
            "accepted": carried.get("accepted", 0),
            "dead_lettered": dead,
            "dead_lettered_total": sum(dead.values()),
            "delivered": carried.get("delivered", 0),
            "redelivered": carried.get("redelivered", 0),
        }

    def _proven(self) -> dict[str, Any]:
        return reconcile(self.evidence, self.bridge, self.published)

    def _alerts(self) -> dict[str, Any]:
        return {"alerts": alerts(self.evidence, self.ops)}

    def _models(self) -> dict[str, Any]:
        if self.use_cases is None:
            return {}
        return {"models": {case: models.results(self.evidence, case) for case in self.use_cases}}


def summary(known: Known) -> dict[str, Any]:
    """The whole of it, for a run that went through every stage."""
    found = dict(known.about)
    for part in known.parts():
        found |= part()
    return found


def summary_so_far(known: Known, stage: str, error: Exception) -> dict[str, Any]:
    """The summary of a run that failed in `stage`: what can be told by now, and `failed`. Never balanced, never raises."""
    found = {**known.about, "hops": [], "alerts": []}
    untold = dict(known.evidence.unreadable)
    for part in known.parts():
        try:
            found |= part()
        except Exception as e:  # what broke the run may break its account: the rest is told without that part
            untold[part.__name__.strip("_")] = f"{type(e).__name__}: {e}"
    told = str(error) or type(error).__name__
    return {**found, "balanced": False, "failed": {"stage": stage, "message": told, "untold": untold}}


def leave(folder: Path, summary: dict[str, Any], evidence: Evidence | None) -> None:
    """Writes both files and moves `latest`. Without evidence the report has no pictures."""
    write_report(folder / "report.html", summary, evidence)
    (folder / "summary.json").write_text(json.dumps(summary, indent=2, default=str) + "\n")
    fresh = folder.parent / "latest.new"  # renamed over the old one: a reader always finds one of both
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(folder.parent / "latest")


def leave_failed(folder: Path, summary: dict[str, Any], evidence: Evidence) -> None:
    """The same for a failed run, whose tables may be too broken to draw."""
    try:
        leave(folder, summary, evidence)
    except Exception:
        leave(folder, summary, None)
