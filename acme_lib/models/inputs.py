"""What the jobs read: feature rows and events of a use case as one Dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from acme_lib.contracts import FeatureSpec, UseCase, contracts
from acme_lib.errors import WrongUse
from acme_lib.features import Fitted, names
from acme_lib.models.dataset import Dataset, dataset
from acme_lib.models.store import Store

__all__ = ["Inputs", "case_of", "events_of", "inputs"]


@dataclass(frozen=True)
class Inputs:
    """A use case's rows and what their features are. `events`: the label's events by equipment, microseconds
    ascending. `seen_ahead`: features that see what comes later, as their build found; None where it could not tell."""

    case: UseCase
    spec: FeatureSpec
    fitted: Fitted
    feature_table_version: str
    names: tuple[str, ...]
    data: Dataset
    events: dict[str, npt.NDArray[np.int64]]
    seen_ahead: list[str] | None = None

    @property
    def period_us(self) -> int:
        return round(self.spec.frame.period_s * 1e6)


def case_of(use_case: str) -> UseCase:
    """Raises WrongUse for an unknown one."""
    known = contracts().use_cases
    if use_case not in known:
        raise WrongUse(f"parameter use_case: no use case {use_case!r}; there are {', '.join(known)}")
    return known[use_case]


def inputs(store: Store, use_case: str, feature_table_version: str | None = None) -> Inputs:
    """Of the newest feature version, or the one named. Raises WrongUse where there is none."""
    case = case_of(use_case)
    spec = contracts().feature_specs[case.feature_spec]
    row = _version(store, spec.id, feature_table_version)
    fitted, version = Fitted.from_json(row["fitted_json"]), row["feature_table_version"]
    events = events_of(store, case.label.event)
    rows = store.read("feature_vectors", {"feature_table_version": version})
    return Inputs(
        case,
        fitted.spec,
        fitted,
        version,
        names(fitted),
        dataset(case, fitted.spec, rows, events),
        events,
        row["seen_ahead"],
    )


def _version(store: Store, spec: str, wanted: str | None) -> dict[str, Any]:
    rows = store.read("feature_versions", {"spec": spec}).to_pylist()
    if wanted is not None:
        rows = [r for r in rows if r["feature_table_version"] == wanted]
    if not rows:
        raise WrongUse(f"feature_versions: no version {wanted or ''} of {spec}; run the notebook feature_build first")
    newest: dict[str, Any] = max(rows, key=lambda r: r["created_utc"])
    return newest


def events_of(store: Store, tag: str) -> dict[str, npt.NDArray[np.int64]]:
    """Times of an event tag by equipment, ascending microseconds since 1970."""
    rows = store.read("silver_events", {"tag": tag, "in_gold": True}, ["equipment_id", "ts_utc"])
    at = rows["ts_utc"].to_numpy().astype("datetime64[us]").astype(np.int64)
    equipment = np.array(rows["equipment_id"].to_pylist(), dtype=str)
    return {str(name): np.sort(at[equipment == name]) for name in np.unique(equipment)}
