"""Topics of a batch with all the contracts say of them: few distinct values, so each is taken apart once and joined."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from acme_lib.contracts import Equipment, contracts

__all__ = ["LEVELS", "catalogue", "described", "in_grammar"]

LEVELS = ("site", "area", "line", "cell", "equipment", "tag")


def in_grammar(topic: Column) -> Column:
    """The UNS grammar (contracts/uns.yaml): patterns and lengths of every level and of the whole."""
    uns = contracts().uns
    parts = F.split(topic, uns.separator)
    pattern = "^" + uns.separator.join(f"(?:{level.pattern})" for level in uns.levels) + "$"
    short = [F.length(F.try_element_at(parts, F.lit(i))) <= level.max_length for i, level in enumerate(uns.levels, 1)]
    fits = topic.rlike(pattern) & ~F.endswith(topic, F.lit("\n")) & (F.length(topic) <= uns.max_length)
    return F.coalesce(fits & reduce(Column.__and__, short), F.lit(False))


def family(found: Equipment) -> Column:
    """True for equipment ids of a family: "*" stands for any one level, the last level is a pattern."""
    *levels, name = found.path.split("/")
    pattern = "/".join("[^/]+" if level == "*" else level for level in levels)
    return F.col("equipment_id").rlike(f"^{pattern}/(?:{name})$")


def equipment_class() -> Column:
    """The class of an equipment id; null where the registry does not know it."""
    assets = contracts().assets
    exact = [F.when(F.col("equipment_id") == e.path, F.lit(e.equipment_class)) for e in assets.equipment]
    families = [F.when(family(e), F.lit(e.equipment_class)) for e in assets.families]
    return F.coalesce(*exact, *families, F.lit(None).cast("string"))


def catalogue(spark: SparkSession) -> DataFrame:
    """The tag catalogue as rows: what a reading of a class's tag should be."""
    rows = [
        (name, t.name, t.kind, t.type, t.unit, *(t.range or (None, None)))
        for name, of in contracts().tags.classes.items()
        for t in of.tags
    ]
    shape = "class string, tag string, kind string, type string, unit string, low double, high double"
    return spark.createDataFrame(rows, shape)


def described(topics: DataFrame) -> DataFrame:
    """In: distinct `topic`. Out: its levels, keys, whether it is in the grammar, and its tag's contract (null if unknown)."""
    parts = F.split("topic", contracts().uns.separator)
    levels = [F.try_element_at(parts, F.lit(i + 2)).alias(name) for i, name in enumerate(LEVELS)]
    split = topics.select("topic", in_grammar(F.col("topic")).alias("in_grammar"), *levels).withColumns(
        {"equipment_id": F.concat_ws("/", *LEVELS[:-1]), "tag_key": F.xxhash64("topic")}
    )
    classed = split.withColumn("class", F.when(F.col("in_grammar"), equipment_class()))
    return classed.join(F.broadcast(catalogue(topics.sparkSession)), on=["class", "tag"], how="left")
