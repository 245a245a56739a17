"""Pictures of models, drawn with plotly as HTML that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from acme_lib.models.dataset import Dataset
    from acme_lib.models.inputs import Inputs
    from acme_lib.models.judging import Judged
    from acme_lib.models.learner import Fit

__all__ = ["convergence", "heat", "importance", "predicted_against_truth", "training"]

MOST_POINTS = 2_000
MOST_BARS = 25


def training(found: Inputs, rows: Dataset, judged: Judged, fits: Sequence[Fit]) -> dict[str, str]:
    """Name -> HTML of what every training run keeps."""
    made = {"held_out": predicted_against_truth(rows.label, judged.answers.value, found.case.unit)}
    if fits[0].boosters:
        made["importance"] = importance(found.names, fits)
    return {name: html(picture) for name, picture in made.items()}


def predicted_against_truth(truth: Any, value: Any, unit: str) -> Any:
    """Held-out answers over the truth."""
    import plotly.graph_objects as go

    kept = np.linspace(0, len(truth) - 1, min(MOST_POINTS, len(truth))).astype(int)
    low, high = float(np.min(truth)), float(np.max(truth))
    dots = go.Scatter(x=truth[kept], y=value[kept], mode="markers", marker={"size": 3, "opacity": 0.4}, name="rows")
    line = go.Scatter(x=[low, high], y=[low, high], mode="lines", name="exact")
    return _titled(go.Figure([dots, line]), "Held-out predictions", f"truth, {unit}", f"prediction, {unit}")


def importance(names: Sequence[str], fits: Sequence[Fit]) -> Any:
    """Gain of the features that matter most, over all members."""
    import plotly.graph_objects as go

    gain = np.sum([b.feature_importance("gain") for f in fits for b in f.boosters], axis=0)
    most = np.argsort(-gain)[:MOST_BARS][::-1]
    bars = go.Bar(x=gain[most] / gain.sum(), y=[names[fits[0].columns[n]] for n in most], orientation="h")
    return _titled(go.Figure(bars), "Share of the trees' gain", "share", "feature")


def convergence(losses: Sequence[float], unit: str) -> Any:
    """Each trial's figure and the best so far; a failed trial is a gap."""
    import plotly.graph_objects as go

    each = np.array(losses, dtype=float)
    best = np.fmin.accumulate(np.where(np.isfinite(each), each, np.nan))
    trials = list(range(1, len(each) + 1))
    dots = go.Scatter(x=trials, y=each, mode="markers", name="trial")
    return _titled(go.Figure([dots, go.Scatter(x=trials, y=best, mode="lines", name="best so far")]), "Tuning", "trial", unit)  # fmt: skip


def heat(table: Any, title: str) -> Any:
    """A table of shares or correlations as a heat map."""
    import plotly.express as px

    return px.imshow(table, aspect="auto", title=title, color_continuous_scale="RdBu_r", zmin=-1, zmax=1)


def html(picture: Any) -> str:
    return str(picture.to_html(include_plotlyjs="directory", full_html=True))


def _titled(picture: Any, title: str, x: str, y: str) -> Any:
    return picture.update_layout(title=title, xaxis_title=x, yaxis_title=y, template="plotly_white", height=480)
