"""One picture a notebook: small aggregates of the tables, drawn with plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from acme_lib.lake import Lakehouse

__all__ = ["hourly_gauges", "quality_by_day", "rows_per_minute", "violations_by_rule"]

MOST_POINTS = 5_000


def rows_per_minute(lake: Lakehouse) -> Any:
    """Rows Bronze received a minute, by hub."""
    counts = (
        lake.read("bronze_events")
        .groupBy("hub", F.date_trunc("minute", "enqueued_utc").alias("minute"))
        .count()
        .orderBy("minute")
    )
    return _bar(counts, x="minute", y="count", color="hub", title="Events stored a minute")


def violations_by_rule(lake: Lakehouse) -> Any:
    """Broken rules by site."""
    counts = lake.read("silver_violations").groupBy("rule", "site").count().orderBy("rule")
    return _bar(counts, x="rule", y="count", color="site", title="Broken quality rules")


def hourly_gauges(lake: Lakehouse) -> Any:
    """Hourly time-weighted mean of the six gauges with the most hours."""
    import plotly.express as px

    hours = lake.read("gold_hourly").where("kind = 'gauge'")
    busiest = hours.groupBy("tag_key").count().orderBy(F.desc("count"), "tag_key").limit(6)
    names = lake.read("gold_dim_tag").select("tag_key", "topic")
    rows = (
        hours.join(busiest.select("tag_key"), "tag_key", "leftsemi")
        .join(names, "tag_key", "left")
        .orderBy("hour_utc")
        .limit(MOST_POINTS)
    )
    return _plain(
        px.line(rows.toPandas(), x="hour_utc", y="time_weighted_avg", color="topic", title="Hourly mean of six gauges")
    )


def quality_by_day(lake: Lakehouse) -> Any:
    """Share of GOOD rows by day and site."""
    rows = lake.read("silver_quality_metrics").orderBy("metric_date", "site")
    return _bar(rows, x="metric_date", y="goodQualityPct", color="site", title="Rows flagged GOOD, %")


def _bar(rows: DataFrame, *, x: str, y: str, color: str, title: str) -> Any:
    import plotly.express as px

    return _plain(px.bar(rows.limit(MOST_POINTS).toPandas(), x=x, y=y, color=color, title=title, barmode="group"))


def _plain(figure: Any) -> Any:
    import plotly.io as pio

    pio.renderers.default = "plotly_mimetype"  # the picture alone, without a copy of plotly.js in every notebook
    return figure.update_layout(template="plotly_white", margin={"l": 40, "r": 20, "t": 50, "b": 40})
