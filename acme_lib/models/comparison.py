"""Views over the tracking store: top models of a use case, a tuning's trials, a validation's gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acme_lib.errors import Stop
from acme_lib.models import pictures, tracking
from acme_lib.models.crossval import choice_name
from acme_lib.models.inputs import case_of
from acme_lib.models.rechecks import LOWER_IS_BETTER

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["gates", "top_models", "tuning"]

MOST = 20


def top_models(use_case: str, most: int = MOST) -> pd.DataFrame:
    """Training runs, the best by the use case's primary figure in cross-validation first; beside it what choices are made
    by (`choice` says its name), the primary figure of the test set where it is open, and the origin."""
    import pandas as pd

    case = case_of(use_case)
    way = "ASC" if case.primary in LOWER_IS_BETTER else "DESC"
    runs = tracking.client().search_runs([tracking.experiment(use_case)], "metrics.cv_choice > -1", order_by=[f"metrics.cv_{case.primary} {way}"], max_results=most)  # fmt: skip
    rows = [
        {
            "run": r.info.run_name,
            f"cv_{case.primary}": r.data.metrics.get(f"cv_{case.primary}"),
            "cv_choice": r.data.metrics["cv_choice"],
            "choice": choice_name(case),
            f"test_{case.primary}": r.data.metrics.get(f"test_{case.primary}"),
            "latency_row_us": r.data.metrics.get("latency_row_us"),
            "features": r.data.tags.get("featureTableVersion"),
            "data": r.data.tags.get("trainingDataVersion"),
            "git": r.data.tags.get("gitSHA", "")[:12],
            "run_id": r.info.run_id,
        }
        for r in runs
    ]
    return pd.DataFrame(rows)


def tuning(use_case: str) -> Any:
    """Convergence of the newest tuning. Raises Stop where there was none."""
    run = _newest(use_case, "tune ")
    trials = tracking.client().get_metric_history(run.info.run_id, "trial_choice")
    losses = [m.value for m in sorted(trials, key=lambda m: m.step)]
    return pictures.convergence(losses, choice_name(case_of(use_case)))


def gates(use_case: str) -> Any:
    """The newest validation report, as Markdown."""
    from IPython.display import Markdown
    from mlflow.artifacts import load_text

    versions = tracking.registry().versions(f"acme-{use_case}")
    judged = [v for v in versions if v.tags.get("validation") in ("passed", "failed", "reported")]
    if not judged:
        raise Stop(f"acme-{use_case}: no version was validated; run the notebook validate_register")
    return Markdown(  # type: ignore[no-untyped-call]
        load_text(f"runs:/{judged[-1].run_id}/validation/report.md")
    )


def _newest(use_case: str, begin: str) -> Any:
    runs = tracking.client().search_runs([tracking.experiment(use_case)], f"attributes.run_name LIKE '{begin}%'", order_by=["attributes.start_time DESC"], max_results=1)  # fmt: skip
    if not runs:
        raise Stop(f"{use_case}: no run {begin.strip()!r} in the tracking store; run its notebook first")
    return runs[0]
