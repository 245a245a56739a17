"""The picture of a feature version: a few features of a few equipment over their frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["some_features"]

EQUIPMENT, FEATURES, MOST_POINTS = 5, 6, 20_000


def some_features(lake: Lakehouse, feature_table_version: str) -> Any:
    """The features of the longest window's mean (the first features where none), of the first equipment."""
    import plotly.express as px
    import plotly.io as pio

    from acme_lib.features.batch import fitted_of
    from acme_lib.features.names import names

    columns = names(fitted_of(lake, feature_table_version))
    means = [n for n, name in enumerate(columns) if "__mean_" in name]
    chosen = (means or list(range(len(columns))))[-FEATURES:]
    rows = lake.read("feature_vectors").where(F.col("feature_table_version") == feature_table_version)
    first = rows.select("equipment_id").distinct().orderBy("equipment_id").limit(EQUIPMENT)
    picked = (
        rows.join(F.broadcast(first), "equipment_id", "leftsemi").orderBy("equipment_id", "frame").limit(MOST_POINTS)
    )
    wide = picked.select("equipment_id", "frame", *(F.col("vector")[n].alias(columns[n]) for n in chosen)).toPandas()
    long = wide.melt(["equipment_id", "frame"], var_name="feature")
    pio.renderers.default = "plotly_mimetype"
    figure = px.line(
        long, x="frame", y="value", color="equipment_id", facet_row="feature", title=f"Features {feature_table_version}"
    )
    return figure.update_layout(template="plotly_white", height=150 * len(chosen) + 100)
