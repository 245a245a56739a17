"""One picture of a drift run: how far each series stands from its threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from acme_lib.drift.history import last_run

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["farthest"]

MOST = 30


def farthest(lake: Lakehouse, use_case: str) -> Any:
    """The series of the last run that stand farthest, in thresholds; beyond 1 is drift."""
    import plotly.graph_objects as go
    import plotly.io as pio

    pio.renderers.default = "plotly_mimetype"

    rows = [r for r in last_run(lake, use_case) if r["threshold"]][:MOST]
    names = [f"{r['feature']} {r['metric']} ({r['stratum']})" for r in rows]
    figure = go.Figure(go.Bar(x=[abs(r["value"]) / r["threshold"] for r in rows], y=names, orientation="h"))
    figure.add_vline(x=1, line_dash="dash")
    return figure.update_layout(
        title=f"Drift of {use_case}, in thresholds", template="simple_white", yaxis={"autorange": "reversed"}
    )
