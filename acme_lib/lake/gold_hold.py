"""What crosses periods: the value held into the next ones and the counter's step from the last one."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.lake.gold_parts import GAUGES, SINGLE, SUMMED, Catalogue
from acme_lib.lake.gold_time import HOUR_US, hour_of, period_end

__all__ = ["EDGES", "carried", "chain", "hourly_measures", "state_measures"]

EDGES = ("tag_key", "period", "first_us", "last_us", "first_value", "last_value", "last_text")


def chain(edges: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Each period with readings, its neighbours known. In: EDGES. Adds `tail_end`, `own_us` and `cross`.

    tail_end: when the last value stops to hold: next reading or hold time. own_us: how much of that lies in the period.
    cross: a counter's step from the last reading before the period to its first one, null at the very first.
    """
    along = Window.partitionBy("tag_key").orderBy("period")
    rows = catalogue.of(edges)
    kind, last_us = F.col("kind"), F.col("last_us")
    next_us, before = F.lead("first_us").over(along), F.lag("last_value").over(along)
    first = F.col("first_value")
    tail_end = F.when(kind.isin(*GAUGES, "state"), F.least(last_us + F.col("hold_us"), next_us))
    end = period_end(F.col("period"), catalogue.cut(), F.col("time_zone"), F.col("start_s"))
    rows = rows.withColumns({"tail_end": tail_end, "period_end": end, "before": before})
    own = F.when(F.col("tail_end").isNotNull(), F.least("tail_end", "period_end") - last_us)
    cross = F.when(
        (kind == "counter") & F.col("before").isNotNull(),
        F.when(first < F.col("before"), first).otherwise(first - F.col("before")),
    )
    return rows.withColumns(
        {"own_us": own, "cross": cross, "cross_reset": F.when(cross.isNotNull(), first < F.col("before"))}
    )


def carried(chained: DataFrame, catalogue: Catalogue) -> DataFrame:
    """Pieces of held values in the periods after their own: tag_key, period, us, value, text."""
    end = F.col("tail_end")
    rows = chained.where(end > F.col("period_end"))
    hours = F.sequence(hour_of(F.col("period_end")), hour_of(end - 1), F.lit(HOUR_US))
    rows = rows.withColumn("hour", F.explode(hours))
    starts = F.array("hour")
    if catalogue.any_cut:
        inside = catalogue.period(F.col("hour") + HOUR_US - 1)
        starts = F.when(inside > F.col("hour"), F.array(F.col("hour"), inside)).otherwise(starts)
    rows = rows.withColumn("start", F.explode(starts))
    stop = period_end(F.col("start"), catalogue.cut(), F.col("time_zone"), F.col("start_s"))
    rows = rows.withColumn("us", F.least(end, stop) - F.col("start"))
    reached = (F.col("start") >= F.col("period_end")) & (F.col("us") > 0)
    return rows.where(reached).select(
        "tag_key",
        F.col("start").alias("period"),
        "us",
        F.col("last_value").alias("value"),
        F.col("last_text").alias("text"),
    )


def hourly_measures(inner: DataFrame, chained: DataFrame, pieces: DataFrame) -> DataFrame:
    """One row a tag and period: what lies inside, what is held at its end, what was carried in."""
    edge = chained.select("tag_key", "period", "own_us", "cross", "cross_reset")
    rows = inner.join(edge, ["tag_key", "period"], "left")
    into = pieces.select("tag_key", "period", F.col("us").alias("in_us"), F.col("value").alias("in_value"))
    both = rows.unionByName(into, allowMissingColumns=True)
    others = [n for n in both.columns if n not in ("tag_key", "period")]
    # at most one row of either kind: max picks the one that is there, no addition of doubles in chance order
    return both.groupBy("tag_key", "period").agg(*(F.max(n).alias(n) for n in others)).select(*_final())


def _final() -> list[Column]:
    zero = [F.coalesce(F.col(n), F.lit(0)).alias(n) for n in SUMMED if n.endswith("_count")]
    own, into = F.coalesce("own_us", F.lit(0)), F.coalesce("in_us", F.lit(0))
    held = F.coalesce("held_us", F.lit(0)) + own + into
    value = (
        F.coalesce(F.col("in_value") * into / 1_000_000, F.lit(0.0))
        + F.coalesce("held_value", F.lit(0.0))
        + F.coalesce(F.col("last_value") * own / 1_000_000, F.lit(0.0))
    )
    return [
        "tag_key",
        "period",
        *zero,
        *(F.col(n) for n in SINGLE if n.startswith("value_")),
        (held / 1_000_000).alias("held_seconds"),
        value.alias("held_value_seconds"),
        (F.coalesce("step", F.lit(0.0)) + F.coalesce("cross", F.lit(0.0))).alias("increase"),
        (F.coalesce("resets", F.lit(0)) + F.coalesce(F.col("cross_reset").cast("int"), F.lit(0))).alias("resets"),
        F.col("first_us"),
        F.col("last_us"),
        F.col("first_value"),
        F.col("last_value"),
        F.col("last_text"),
    ]


def state_measures(by_state: DataFrame, chained: DataFrame, pieces: DataFrame) -> DataFrame:
    """Microseconds by tag, period and state; integers, so any order of adding gives the same."""
    inside = by_state.where("state is not null").select("tag_key", "period", "state", F.col("held_us").alias("us"))
    own = chained.where("kind = 'state'").select(
        "tag_key", "period", F.col("last_text").alias("state"), F.col("own_us").alias("us")
    )
    into = pieces.where("text is not null").select("tag_key", "period", F.col("text").alias("state"), "us")
    summed = (
        inside.unionByName(own).unionByName(into).groupBy("tag_key", "period", "state").agg(F.sum("us").alias("us"))
    )
    return summed.where("us > 0")
