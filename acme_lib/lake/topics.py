"""Topics of a batch with all the contracts say of them: few distinct values, so each is taken apart once and joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from acme_lib.contracts import contracts
from acme_lib.lake.dims_registry import Registry
from acme_lib.lake.local_rows import local_rows
from acme_lib.uns import violations_of

__all__ = ["LEVELS", "described", "outside_grammar"]

LEVELS = ("site", "area", "line", "cell", "equipment", "tag")
SHAPE = (
    "topic string, site string, area string, line string, cell string, equipment string, tag string, "
    "equipment_id string, class string, kind string, type string, unit string, low double, high double"
)


def outside_grammar(topics: Iterable[str]) -> set[str]:
    """Those that are no UNS topics (contracts/uns.yaml), as the bridge sees it."""
    listed = list(topics)
    return {topic for topic, found in zip(listed, violations_of(listed), strict=True) if found}


def described(spark: SparkSession, topics: Iterable[str]) -> DataFrame:
    """In: topics of the grammar. Out: their levels, keys, and their tag's contract (null if unknown). On the driver."""
    registry = Registry(contracts())
    rows = local_rows(spark, (_described(topic, registry) for topic in sorted(topics)), SHAPE)
    return rows.withColumn("tag_key", F.xxhash64("topic"))


def _described(topic: str, registry: Registry) -> dict[str, Any]:
    levels = topic.split(contracts().uns.separator)[1:]
    equipment_id = "/".join(levels[:-1])
    found, tag = registry.equipment(equipment_id), registry.tag(topic)
    row = {"topic": topic, "equipment_id": equipment_id, **dict(zip(LEVELS, levels, strict=True))}
    if found is not None:
        row["class"] = found.equipment_class
    if tag is None:
        return row
    low, high = tag.range or (None, None)
    return {**row, "kind": tag.kind, "type": tag.type, "unit": tag.unit, "low": low, "high": high}
