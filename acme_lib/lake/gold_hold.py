"""What crosses periods: the value held into the next ones and the counter's step from the last one."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from acme_lib.lake.gold_parts import GAUGES, SINGLE, SUMMED, Catalogue, merged
from acme_lib.lake.gold_time import HOUR_US, hour_of, period_end

__all__ = ["EDGES", "hourly_measures", "spans", "state_measures"]

EDGES = ("tag_key", "period", "first_us", "last_us", "first_value", "last_value", "last_text")
OWN = (*SUMMED, *SINGLE, "first_us", "last_us", "first_value", "last_value", "last_text", "cross", "cross_reset")


def spans(by_text: DataFrame, outside: DataFrame | None, catalogue: Catalogue) -> DataFrame:
    """Each period with its readings (`own`), and each later one that its last value is held into.

    In: `parts`; `outside`: EDGES of the periods before and after the touched ones. Out: the parts, `us` (how long the
    last value holds in this period) and `cross` (a counter's step from the last reading before the period).
    """
    rows = merged(by_text)
    if outside is not None:
        rows = rows.unionByName(outside, allowMissingColumns=True)
    along = Window.partitionBy("tag_key").orderBy("period")
    # periods without a good reading lie between: nulls are passed over
    rows = rows.withColumns(
        {
            "next_us": F.expr("lead(first_us) IGNORE NULLS OVER (PARTITION BY tag_key ORDER BY period)"),
            "before": F.last("last_value", ignorenulls=True).over(along.rowsBetween(Window.unboundedPreceding, -1)),
        }
    )
    rows = catalogue.of(rows)
    kind, first, before = F.col("kind"), F.col("first_value"), F.col("before")
    tail_end = F.when(kind.isin(*GAUGES, "state"), F.least(F.col("last_us") + F.col("hold_us"), "next_us"))
    end = period_end(F.col("period"), catalogue.cut(), F.col("time_zone"), F.col("start_s"))
    stepped = (kind == "counter") & before.isNotNull()
    rows = rows.withColumns(
        {
            "tail_end": F.when(F.col("last_us").isNotNull(), tail_end),
            "period_end": end,
            "cross": F.when(stepped, F.when(first < before, first).otherwise(first - before)),
            "cross_reset": F.when(stepped, (first < before).cast("int")),
        }
    )
    return _spread(rows, catalogue)


def _spread(rows: DataFrame, catalogue: Catalogue) -> DataFrame:
    """One row a period and value: its own, then those it is carried into."""
    end, period_ends = F.col("tail_end"), F.col("period_end")
    own = F.array(F.struct(F.col("period").alias("start"), F.lit(True).alias("own")))
    hours = F.sequence(hour_of(period_ends), hour_of(end - 1), F.lit(HOUR_US))
    later = F.transform(hours, lambda hour: F.struct(hour.alias("start"), F.lit(False).alias("own")))
    rows = rows.withColumn("at", F.explode(F.concat(own, F.when(end > period_ends, later).otherwise(F.array()))))
    others = [n for n in rows.columns if n not in ("at", "period")]
    rows = rows.select(*others, "at.own", F.col("at.start").alias("period"))
    if catalogue.any_cut:
        inside = catalogue.period(F.col("period") + HOUR_US - 1)  # a production day that starts inside the hour
        both = F.array(F.greatest("period", "period_end"), inside)
        starts = F.when(~F.col("own") & (inside > F.col("period")), F.array_distinct(both))
        rows = rows.withColumn("period", F.explode(F.coalesce(starts, F.array("period"))))
    stop = period_end(F.col("period"), catalogue.cut(), F.col("time_zone"), F.col("start_s"))
    began = F.when(F.col("own"), F.col("last_us")).otherwise(F.col("period"))
    rows = rows.withColumn("us", F.least(end, stop) - began)
    return rows.where(F.col("own") | (F.col("us") > 0))


def hourly_measures(spread: DataFrame) -> DataFrame:
    """One row a tag and period: what lies inside, what is held at its end, what was carried in."""
    own, value = F.col("own"), F.col("last_value")
    # at most one row of either kind: max picks the one that is there, no addition of doubles in chance order
    rows = spread.groupBy("tag_key", "period").agg(
        F.max_by(F.struct(*OWN, F.col("us").alias("own_us")), F.when(own, 1)).alias("of"),
        F.max(F.when(~own, F.col("us"))).alias("in_us"),
        F.max(F.when(~own, value)).alias("in_value"),
    )
    return rows.select("tag_key", "period", "of.*", "in_us", "in_value").select(*_final())


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
        (F.coalesce("resets", F.lit(0)) + F.coalesce("cross_reset", F.lit(0))).alias("resets"),
        *(F.col(n) for n in ("first_us", "last_us", "first_value", "last_value", "last_text")),
    ]


def state_measures(by_text: DataFrame, spread: DataFrame) -> DataFrame:
    """Microseconds by tag, period and state; integers, so any order of adding gives the same."""
    states = spread.where("kind = 'state'")
    inside = by_text.where("text is not null and held_us is not null").select(
        "tag_key", "period", F.col("text").alias("state"), F.col("held_us").alias("us")
    )
    ends = states.where("last_text is not null").select("tag_key", "period", F.col("last_text").alias("state"), "us")
    summed = inside.unionByName(ends).groupBy("tag_key", "period", "state").agg(F.sum("us").alias("us"))
    return summed.where("us > 0")
