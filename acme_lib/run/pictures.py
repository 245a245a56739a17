"""The report's pictures: one query and one plotly figure each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from acme_lib.run.evidence import Evidence

__all__ = ["figures"]

Figure = tuple[str, str, Any]
COLOURS = ["#2563eb", "#f59e0b", "#10b981", "#ef4444", "#8b5cf6", "#0ea5e9", "#f97316", "#64748b"]
STATE_COLOURS = {
    "EXECUTE": "#10b981",
    "IDLE": "#94a3b8", "STARVED": "#f59e0b", "BLOCKED": "#f97316", "HELD": "#8b5cf6", "ABORTED": "#ef4444",
    "MAINTENANCE": "#0ea5e9", "STOPPED": "#64748b",
}  # fmt: skip

THROUGHPUT = """
WITH counted AS (
  SELECT 'published' AS stream, date_trunc('second', sent_utc) AS second, count(*) AS messages FROM published GROUP BY ALL
  UNION ALL SELECT 'stored in ' || hub, date_trunc('second', enqueued_utc), count(*) FROM bronze_events WHERE hub NOT LIKE 'backfill/%' GROUP BY ALL
  UNION ALL SELECT 'stored in ' || hub, date_trunc('second', enqueued_utc), count(*) FROM bronze_dead_letters GROUP BY ALL),
seconds AS (SELECT unnest(generate_series(min(second), max(second), INTERVAL 1 SECOND)) AS second FROM counted)
SELECT streams.stream, seconds.second, coalesce(counted.messages, 0) AS messages
FROM (SELECT DISTINCT stream FROM counted) streams CROSS JOIN seconds LEFT JOIN counted USING (stream, second) ORDER BY 1, 2"""
FLAGS = (
    "SELECT site, quality, sum(message_count)::BIGINT AS messages FROM gold_quality_hourly GROUP BY ALL ORDER BY ALL"
)
DEAD = "SELECT reason, detail, count(*) AS messages FROM bronze_dead_letters GROUP BY ALL ORDER BY messages DESC"
HOURLY = """
WITH busiest AS (SELECT tag_key FROM gold_hourly WHERE kind = 'gauge' AND value_stddev > 0 GROUP BY tag_key ORDER BY count(*) DESC, tag_key LIMIT 6)
SELECT t.topic, h.hour_utc, h.time_weighted_avg FROM gold_hourly h JOIN busiest USING (tag_key) JOIN gold_dim_tag t USING (tag_key) ORDER BY 1, 2"""
DOWNTIME = """
SELECT equipment_id, state, coalesce(reason, '') AS reason, started_utc, coalesce(ended_utc, (SELECT max(ts_utc) FROM silver_events)) AS ended
FROM gold_downtime ORDER BY equipment_id, started_utc LIMIT 2000"""
STATES = """
SELECT regexp_replace(t.topic, '^acme/|/state$', '', 'g') AS equipment, h.state, sum(h.seconds) / 3600 AS hours
FROM gold_state_hourly h JOIN gold_dim_tag t USING (tag_key) WHERE t.tag = 'state' GROUP BY ALL ORDER BY ALL"""


def figures(evidence: Evidence, stages: dict[str, float], first: Sequence[Figure] = ()) -> list[dict[str, Any]]:
    """The report's figures in order, `first` before all: title, one sentence of explanation, and the plotly figure; empty ones are left out."""
    made = [
        *first,
        ("Throughput", "Messages a second: acknowledged by the broker, and stored in each hub.", _lines(evidence.rows(THROUGHPUT), "second", "messages", "stream")),
        ("Quality flags", "Messages in Silver by flag and site.", _bars(evidence.rows(FLAGS), "quality", "messages", "site")),
        ("Dead letters", "Rejected messages by reason and detail; the original bytes are in bronze_dead_letters.", _bars(evidence.rows(DEAD), "detail", "messages", "reason", lying=True)),
        ("Hourly Gold", "Time-weighted hourly mean of six gauges.", _lines(evidence.rows(HOURLY), "hour_utc", "time_weighted_avg", "topic")),
        ("Equipment states", "Hours in each state.", _bars(evidence.rows(STATES), "equipment", "hours", "state", stacked=True, lying=True)),
        ("Downtime", "Every interval outside EXECUTE, with its reason.", _timeline(evidence.rows(DOWNTIME))),
        ("Where the time went", "Seconds per stage of this run.", _bars([{"stage": k, "seconds": v, "of": "stage"} for k, v in stages.items()], "stage", "seconds", "of")),
    ]  # fmt: skip
    return [{"title": t, "text": s, "figure": f} for t, s, f in made if f is not None]


def _groups(rows: list[dict[str, Any]], by: str) -> dict[str, list[dict[str, Any]]]:
    out: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        out.setdefault(str(row[by]), []).append(row)
    return out


def _lines(rows: list[dict[str, Any]], x: str, y: str, by: str) -> Any:
    import plotly.graph_objects as go

    if not rows:
        return None
    figure = go.Figure()
    for name, group in _groups(rows, by).items():
        figure.add_scatter(
            x=[r[x] for r in group],
            y=[r[y] for r in group],
            name=name,
            mode="lines+markers" if len(group) < 40 else "lines",
        )
    return _layout(figure)


def _bars(rows: list[dict[str, Any]], x: str, y: str, by: str, *, stacked: bool = False, lying: bool = False) -> Any:
    """Bars of `y` over `x`, one colour a value of `by`; `lying` where the names of `x` are long."""
    import plotly.graph_objects as go

    if not rows:
        return None
    figure = go.Figure()
    for name, group in _groups(rows, by).items():
        names, values = [r[x] for r in group], [r[y] for r in group]
        along = {"x": values, "y": names, "orientation": "h"} if lying else {"x": names, "y": values}
        figure.add_bar(**along, name=name, marker_color=STATE_COLOURS.get(name))
    _layout(figure).update_layout(
        barmode="stack" if stacked or lying else "group", showlegend=len(_groups(rows, by)) > 1
    )
    if lying:
        figure.update_layout(
            height=max(340, 130 + 20 * len({r[x] for r in rows})), legend={"y": 1.02, "yanchor": "bottom"}
        )
    return figure


def _timeline(rows: list[dict[str, Any]]) -> Any:
    import plotly.graph_objects as go

    if not rows:
        return None
    figure = go.Figure()
    for state, group in _groups(rows, "state").items():
        figure.add_bar(
            orientation="h", name=state, y=[r["equipment_id"] for r in group], base=[r["started_utc"] for r in group],
            x=[max(1.0, (r["ended"] - r["started_utc"]).total_seconds()) * 1000 for r in group],
            text=[r["reason"] for r in group], hovertext=[f"{state} {r['reason']}" for r in group],
            marker_color=STATE_COLOURS.get(state),
        )  # fmt: skip
    height = max(320, 60 + 34 * len({r["equipment_id"] for r in rows}))
    return _layout(figure).update_layout(
        barmode="overlay", height=height, xaxis={"type": "date"}, yaxis={"automargin": True}
    )


def _layout(figure: Any) -> Any:
    return figure.update_layout(
        template="plotly_white", colorway=COLOURS, height=340, margin={"l": 50, "r": 12, "t": 12, "b": 40},
        legend={"orientation": "h", "y": -0.25}, font={"family": "system-ui, sans-serif", "size": 12},
        yaxis={"automargin": True}, xaxis={"automargin": True},
    )  # fmt: skip
