"""Which series of Silver a spec reads: few, so they are listed once on the driver and joined, not asked row by row."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from acme_lib.contracts import FeatureSpec, contracts
from acme_lib.errors import WrongUse
from acme_lib.features.columns import places
from acme_lib.lake.dims_registry import Registry
from acme_lib.lake.local_rows import local_rows

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["known_tags", "readings", "sources"]


def sources(silver: DataFrame, spec: FeatureSpec, equipment: str = ".*") -> pa.Table:
    """Series of the spec's classes in silver_events: equipment_id, tag, place (index into `places`), numbers (it has any).

    Raises WrongUse where `equipment` is no regular expression.
    """
    import pyarrow as pa

    wanted = places(spec)
    found = (
        silver.where(F.col("in_gold") & F.col("tag").isin(wanted))
        .groupBy("equipment_id", "tag")
        .agg(F.bool_or(F.col("value_double").isNotNull()).alias("numbers"))
        .toArrow()
    )
    asked, registry = _pattern(equipment), Registry(contracts())
    classes = {path: registry.equipment(path) for path in found["equipment_id"].unique().to_pylist()}
    read = {path for path, e in classes.items() if e and e.equipment_class in spec.classes and asked.fullmatch(path)}
    kept = found.filter(pa.array([path in read for path in found["equipment_id"].to_pylist()], pa.bool_()))
    place = pa.array([wanted.index(tag) for tag in kept["tag"].to_pylist()], pa.int32())
    return kept.append_column("place", place)


def known_tags(series: pa.Table, spec: FeatureSpec) -> list[str]:
    """The frame's tags that equipment which may teach has ever published as numbers."""
    teaches = re.compile(spec.fit_equipment)
    there = {row["tag"] for row in series.to_pylist() if row["numbers"] and teaches.fullmatch(row["equipment_id"])}
    return [tag for tag in spec.frame.tags if tag in there]


def readings(silver: DataFrame, series: pa.Table, spec: FeatureSpec) -> DataFrame:
    """The series' rows: equipment_id, place, at_us, value, text, arrival_us, tie.

    Replayed rows are taken as if they had come at their own time, events first; live ones as the bridge received them.
    """
    shape = "equipment_id string, tag string, place int"
    listed = local_rows(silver.sparkSession, series.select(["equipment_id", "tag", "place"]).to_pylist(), shape)
    at = F.unix_micros("ts_utc")
    live = ~F.col("replayed") & F.col("received_utc").isNotNull()
    event = F.col("place") >= len(spec.frame.tags)
    rows = silver.where("in_gold").join(F.broadcast(listed), on=["equipment_id", "tag"], how="inner")
    return rows.select(
        "equipment_id",
        "place",
        at.alias("at_us"),
        F.col("value_double").alias("value"),
        F.coalesce("value_string", F.initcap(F.col("value_bool").cast("string"))).alias("text"),
        F.when(live, F.unix_micros("received_utc")).otherwise(at).alias("arrival_us"),
        F.when(live, F.coalesce("bridge_seq", F.lit(0))).otherwise((~event).cast("bigint")).alias("tie"),
    )


def _pattern(equipment: str) -> re.Pattern[str]:
    try:
        return re.compile(equipment)
    except re.error as e:
        raise WrongUse(f"parameter equipment: {equipment!r} is no regular expression: {e}") from e
