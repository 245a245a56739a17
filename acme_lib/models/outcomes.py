"""The outcomes job: predictions of any origin joined with the truth that has arrived since."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from acme_lib.contracts import UseCase, contracts
from acme_lib.models.answers import left
from acme_lib.models.inputs import case_of, events_of
from acme_lib.models.labels import labels
from acme_lib.models.store import Store, arrow_schema, store_at
from acme_lib.monitoring import RunRecord, recording

if TYPE_CHECKING:
    import pyarrow as pa

    from acme_lib.lake import Lakehouse

__all__ = ["Config", "run"]


class Config(BaseModel):
    """Parameters: whose outcomes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run_id: str
    use_case: str = "rul"


def run(config: Config, lake: Lakehouse | Store, now: datetime) -> RunRecord:
    """Makes the use case's rows of gold_prediction_outcomes anew: the same predictions and events give the same rows."""
    store, case = store_at(lake), case_of(config.use_case)
    with recording(config.run_id, "outcomes", now) as record:
        told = store.read("gold_predictions", {"use_case": case.id})
        record.rows_in = len(told)
        found = _joined(case, told, _truths(store, case, told), now)
        record.rows_out = store.replace("gold_prediction_outcomes", found, {"use_case": case.id}, {"run_id": config.run_id})  # fmt: skip
        record.counters = {"predictions": len(told), "outcomes": len(found)}
    return record


def _truths(store: Store, case: UseCase, told: pa.Table) -> npt.NDArray[np.float64]:
    """float64[n]: from events; where the equipment has none, from published answers. NaN where nothing is known yet."""
    period = round(contracts().feature_specs[case.feature_spec].frame.period_s * 1e6)
    events, rest = events_of(store, case.label.event), left(store)
    equipment = np.array(told["equipment_id"].to_pylist(), dtype=str)
    at = told["ts_utc"].to_numpy().astype("datetime64[us]").astype(np.int64)
    found = np.full(len(told), np.nan)
    for name in np.unique(equipment):
        own = np.flatnonzero(equipment == name)
        happened = events.get(str(name), np.zeros(0, dtype=np.int64))
        last = int(at[own].max())
        if name in rest and case.label.cap is not None:
            found[own] = np.minimum(rest[str(name)] + (last - at[own]) // period, case.label.cap)
        else:
            known_until = max(last + period, int(happened[-1]) if len(happened) else 0)
            found[own] = labels(case.label, at[own], happened, period, known_until)
    return found


def _joined(case: UseCase, told: pa.Table, truth: npt.NDArray[np.float64], now: datetime) -> pa.Table:
    import pyarrow as pa

    known = np.isfinite(truth)
    kept, truth = told.filter(known), truth[known]
    value, low, high = (kept[c].to_numpy() for c in ("prediction", "low", "high"))
    inside = (truth >= low) & (truth <= high)
    columns = {
        **{name: kept[name] for name in kept.column_names},
        "truth": pa.array(truth),
        "error": pa.array(value - truth),
        "inside": pa.array(inside, mask=np.isnan(low.astype(float))),
        "joined_utc": pa.repeat(pa.scalar(now, pa.timestamp("us", "UTC")), len(kept)),
    }
    schema = arrow_schema("gold_prediction_outcomes")
    return pa.table([columns[f.name] for f in schema], schema=schema)
