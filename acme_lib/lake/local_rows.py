"""Rows made on the driver, as a DataFrame: through Arrow, so that no Python worker starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

__all__ = ["local_rows"]


def local_rows(spark: SparkSession, rows: Iterable[Mapping[str, Any]], shape: StructType | str) -> DataFrame:
    """A DataFrame of `shape` (a type or DDL); absent keys are null, times must be aware."""
    import pyarrow as pa
    from pyspark.sql.pandas.types import to_arrow_schema

    typed = StructType.fromDDL(shape) if isinstance(shape, str) else shape
    arrow = to_arrow_schema(typed)
    columns: dict[str, list[Any]] = {name: [] for name in typed.names}
    for row in rows:
        for name, values in columns.items():
            values.append(row.get(name))
    arrays = [pa.array(columns[f.name], f.type) for f in arrow]
    return spark.createDataFrame(pa.Table.from_arrays(arrays, schema=arrow), typed)
