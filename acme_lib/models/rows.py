"""Rows of gold_predictions, as Arrow."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from acme_lib.models.bands import Answers
from acme_lib.models.dataset import Dataset
from acme_lib.models.store import arrow_schema

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["prediction_rows"]


def prediction_rows(use_case: str, unit: str, version: str, rows: Dataset, answers: Answers, split: npt.NDArray[np.str_], now: datetime) -> pa.Table:  # fmt: skip
    """One row a prediction, origin batch. A bound or label that isn't known is null."""
    import pyarrow as pa

    count = len(rows)

    def same(value: Any) -> Any:
        return pa.repeat(pa.scalar(value), count)

    def known(column: npt.NDArray[np.float64]) -> Any:
        return pa.array(column, mask=np.isnan(column))

    columns = {
        "use_case": same(use_case),
        "equipment_id": pa.array(rows.equipment.tolist()),
        "ts_utc": pa.array(rows.at, pa.timestamp("us", "UTC")),
        "frame": pa.array(rows.frame),
        "model_version": same(version),
        "origin": same("batch"),
        "prediction": pa.array(answers.value),
        "low": known(answers.low),
        "high": known(answers.high),
        "label": known(rows.label),
        "split": pa.array(split.tolist()),
        "complete": pa.array(rows.complete),
        "unit": same(unit),
        "correlation_id": pa.nulls(count, pa.string()),
        "predicted_utc": pa.repeat(pa.scalar(now, pa.timestamp("us", "UTC")), count),
    }
    schema = arrow_schema("gold_predictions")
    return pa.Table.from_arrays([columns[f.name] for f in schema], schema=schema)
