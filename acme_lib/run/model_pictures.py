"""What the report shows of models: the figures of each, predicted against true, and whether a probability keeps its word."""

from __future__ import annotations

from typing import Any

from acme_lib.contracts import contracts
from acme_lib.run.evidence import Evidence

__all__ = ["figures", "rows"]

SHOWN = (
    "rmse", "mae", "cmapss_score", "average_precision", "f1", "precision", "recall", "event_recall",
    "false_alarms_per_machine_week", "coverage",
)  # fmt: skip
LAST = """SELECT equipment_id, label, prediction, low, high FROM gold_predictions
WHERE use_case = ? AND model_version = ? AND origin = 'batch' AND split = 'test' AND label IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY equipment_id ORDER BY ts_utc DESC) = 1 ORDER BY equipment_id"""
SAID = """SELECT round(prediction, 1) AS said, avg(label) AS came, count(*) AS n FROM gold_predictions
WHERE use_case = ? AND model_version = ? AND origin = 'batch' AND split = 'test' AND label IS NOT NULL GROUP BY 1 ORDER BY 1"""


def rows(models: dict[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a use case and figure, of summary.json's `models`."""
    return [
        {
            "use_case": use_case, "version": found["model_version"], "stage": found.get("registry", {}).get("stage") or _none(found),
            "figure": name, "value": found["metrics"][name], "seeds": found["metrics"].get(f"{name}_seeds_mean"),
        }
        for use_case, found in models.items()
        for name in SHOWN
        if name in found.get("metrics", {})
    ]  # fmt: skip


def _none(found: dict[str, Any]) -> str:
    return f"none; failed: {', '.join(found['failed_gates'])}" if found.get("failed_gates") else "none"


def figures(evidence: Evidence, models: dict[str, dict[str, Any]]) -> list[tuple[str, str, Any]]:
    """Title, explanation and plotly figure of each judged use case; None for a figure without rows."""
    found = []
    for use_case, of in models.items():
        if version := of.get("model_version"):
            case = contracts().use_cases[use_case]
            if case.kind == "regression":
                text = f"Last row of each test equipment with its interval, {case.unit}; on the line is right."
                found.append(
                    (f"{use_case}: predicted and true", text, _scatter(evidence.rows(LAST, use_case, version)))
                )
            else:
                text = (
                    "How often it came, by the probability that was said; on the line the probability keeps its word."
                )
                found.append((f"{use_case}: said and come", text, _kept(evidence.rows(SAID, use_case, version))))
    return found


def _scatter(rows: list[dict[str, Any]]) -> Any:
    import plotly.graph_objects as go

    if not rows:
        return None
    up, down = ([abs(r[side] - r["prediction"]) for r in rows] for side in ("high", "low"))
    figure = go.Figure()
    figure.add_scatter(
        x=[r["label"] for r in rows], y=[r["prediction"] for r in rows], text=[r["equipment_id"] for r in rows], mode="markers",
        name="test equipment", error_y={"array": up, "arrayminus": down, "thickness": 0.6, "width": 0},
    )  # fmt: skip
    return _with_line(figure, max(max(r["label"], r["high"]) for r in rows), "true", "predicted")


def _kept(rows: list[dict[str, Any]]) -> Any:
    import plotly.graph_objects as go

    if not rows:
        return None
    figure = go.Figure()
    figure.add_scatter(
        x=[r["said"] for r in rows], y=[r["came"] for r in rows], text=[f"{r['n']:,} rows" for r in rows], mode="lines+markers",
        name="test rows",
    )  # fmt: skip
    return _with_line(figure, 1.0, "probability said", "share that came")


def _with_line(figure: Any, most: float, x: str, y: str) -> Any:
    figure.add_scatter(x=[0, most], y=[0, most], mode="lines", name="right", line={"dash": "dot", "color": "#94a3b8"})
    return figure.update_layout(
        template="plotly_white", height=380, margin={"l": 50, "r": 12, "t": 12, "b": 40}, xaxis_title=x, yaxis_title=y,
        legend={"orientation": "h", "y": -0.25}, font={"family": "system-ui, sans-serif", "size": 12},
    )  # fmt: skip
