"""The first look at a use case's data: summary, correlations, what is missing, and the risks found, as numbers."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from acme_lib.contracts import UseCase
from acme_lib.models.inputs import case_of
from acme_lib.models.store import Store, store_at
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    import pandas as pd

    from acme_lib.lake import Lakehouse

__all__ = ["Config", "correlations", "missingness", "risks", "run", "summary", "wide"]

CONSTANT = 1e-9
COPY = 0.98
SHORT = 50


class Config(BaseModel):
    """Parameters of the notebook eda_initial."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"


def run(config: Config, lake: Lakehouse | Store, now: datetime) -> RunRecord:
    """Counters hold the risks by name; the tables behind them are this module's functions."""
    with recording(config.run_id, "eda_initial", now) as record:
        readings = wide(lake, case_of(config.use_case))
        record.rows_in = len(readings)
        record.counters = {"equipment": int(readings["equipment_id"].nunique()), **risks(readings)}
    return record


def wide(lake: Lakehouse | Store, case: UseCase) -> pd.DataFrame:
    """One row an instant of one equipment, one column a gauge of the use case's frames, from silver_events."""
    from acme_lib.contracts import contracts

    tags = contracts().feature_specs[case.feature_spec].frame.tags
    columns = ["equipment_id", "ts_utc", "tag", "value_double"]
    rows = store_at(lake).read("silver_events", {"in_gold": True}, columns).to_pandas()
    rows = rows[rows["tag"].isin(tags)]
    table = rows.pivot_table(index=["equipment_id", "ts_utc"], columns="tag", values="value_double", aggfunc="first")
    found: pd.DataFrame = table.reindex(columns=[t for t in tags if t in table]).reset_index()
    return found


def gauges(readings: pd.DataFrame) -> pd.DataFrame:
    return readings.drop(columns=["equipment_id", "ts_utc"])


def summary(readings: pd.DataFrame) -> pd.DataFrame:
    """Count, mean, spread, quantiles, skew and distinct values of each tag."""
    values = gauges(readings)
    found = values.describe(percentiles=[0.01, 0.5, 0.99]).T
    return found.assign(skew=values.skew(), distinct=values.nunique(), missing=values.isna().mean())


def correlations(readings: pd.DataFrame) -> pd.DataFrame:
    """Spearman's, of tags that vary."""
    values = gauges(readings)
    return values.loc[:, values.std() > CONSTANT * values.mean().abs().clip(lower=1)].corr("spearman")


def missingness(readings: pd.DataFrame) -> pd.DataFrame:
    """Share of missing values by equipment and tag."""
    return gauges(readings).isna().groupby(readings["equipment_id"]).mean()


def risks(readings: pd.DataFrame) -> dict[str, Any]:
    """Constant tags, copies of each other, missing shares, short histories: what a model would trip over."""
    if readings.empty:
        return {"constant_tags": [], "copies": [], "missing_share": 0.0, "short_histories": 0}
    values, related = gauges(readings), correlations(readings)
    names = list(related.columns)
    pairs = np.argwhere(np.triu(related.abs().to_numpy() > COPY, k=1))
    lengths = readings.groupby("equipment_id").size()
    return {
        "constant_tags": [t for t in values if t not in names],
        "copies": [f"{names[a]}~{names[b]}" for a, b in pairs],
        "missing_share": round(float(values.isna().to_numpy().mean()), 4),
        "short_histories": int((lengths < SHORT).sum()),
    }
