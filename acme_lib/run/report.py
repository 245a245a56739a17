"""report.html: one file that opens offline, what failed first, pictures after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from acme_lib.run import lineage, model_pictures, pictures
from acme_lib.run.evidence import Evidence

__all__ = ["latency", "write_report"]

LATENCY = """
SELECT leg, quantile_cont(ms, 0.5) AS p50, quantile_cont(ms, 0.95) AS p95, quantile_cont(ms, 0.99) AS p99, max(ms) AS most FROM (
  SELECT 'published to bridge' AS leg, date_diff('millisecond', p.sent_utc, s.received_utc) AS ms FROM silver_events s JOIN published p USING (message_id) WHERE p.kind = 'valid'
  UNION ALL SELECT 'bridge to hub', date_diff('millisecond', received_utc, enqueued_utc) FROM silver_events WHERE received_utc IS NOT NULL AND hub NOT LIKE 'backfill/%'
  UNION ALL SELECT 'published to hub', date_diff('millisecond', p.sent_utc, s.enqueued_utc) FROM silver_events s JOIN published p USING (message_id) WHERE p.kind = 'valid'
) GROUP BY leg ORDER BY leg"""


def latency(evidence: Evidence) -> list[dict[str, Any]]:
    """Milliseconds per leg: p50, p95, p99 and the most."""
    return evidence.rows(LATENCY)


def write_report(path: Path, summary: dict[str, Any], evidence: Evidence | None) -> None:
    """Renders the report; without evidence, what the summary says and no more."""
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("acme_lib.run"), autoescape=True).get_template("report.html.j2")
    shown = {} if evidence is None else _shown(summary, evidence)
    failures = [h for h in summary["hops"] if not h["balanced"]]
    path.write_text(template.render(summary=summary, failures=failures, **shown), encoding="utf-8")


def _shown(summary: dict[str, Any], evidence: Evidence) -> dict[str, Any]:
    models, chosen = summary.get("models", {}), lineage.sample(evidence)
    return {
        "figures": _figures(summary["seconds"], models, evidence),
        "models": model_pictures.rows(models),
        "latency": latency(evidence),
        "message_id": chosen,
        "lineage": lineage.through_layers(evidence, chosen) if chosen else [],
    }


def _figures(seconds: dict[str, float], models: dict[str, Any], evidence: Evidence) -> list[dict[str, Any]]:
    """Pictures as HTML. plotly.js stands in the page once, so that it opens without a network."""
    found = pictures.figures(evidence, seconds, model_pictures.figures(evidence, models))
    for number, entry in enumerate(found):
        entry["html"] = entry.pop("figure").to_html(
            full_html=False,
            include_plotlyjs=number == 0,
            config={"responsive": True, "displaylogo": False, "displayModeBar": False},
        )
    return found
