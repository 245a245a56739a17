"""Life phases: ageing is drift by construction where equipment runs to failure, so like is compared with like.

Operating regimes need no stratum of their own: the feature specs that have them normalise within each regime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from acme_lib.drift.reference import Reference, Rows, clocks
from acme_lib.drift.windows import Scheme

__all__ = ["Table", "aligned", "phases"]

Array = npt.NDArray[np.float64]
PREDICTION, RESIDUAL, WHOLE = "prediction", "residual", "all"
PHASES = ("early", "middle", "late")


@dataclass(frozen=True)
class Table:
    """n rows as the tables hold them: `vectors` [n, features], prediction and truth NaN where unknown."""

    equipment: npt.NDArray[np.str_]
    at: npt.NDArray[np.int64]
    frame: Array
    vectors: Array
    prediction: Array
    truth: Array

    def __len__(self) -> int:
        return len(self.at)


def aligned(names: tuple[str, ...], past: Table, now: Table, scheme: Scheme, ages: bool) -> tuple[Reference, Rows]:
    """Reference and current rows: features that aren't clocks, the prediction, and the residual where truth is known."""
    before, after = phases(past, now) if ages else (np.full(len(past), WHOLE), np.full(len(now), WHOLE))
    reference, current = _rows(past, before), _rows(now, after)
    kept = ~clocks(reference)
    columns = tuple(n for n, k in zip((*names, PREDICTION, RESIDUAL), kept.tolist(), strict=True) if k)
    return Reference(columns, _of(reference, kept), scheme, frozenset({RESIDUAL})), _of(current, kept)


def phases(past: Table, now: Table) -> tuple[npt.NDArray[np.str_], npt.NDArray[np.str_]]:
    """Thirds of the remaining life that was predicted; of the age in frames where predictions are lacking."""
    told = min(np.isfinite(t.prediction).mean() if len(t) else 0.0 for t in (past, now)) >= 0.9
    old, new = (-past.prediction, -now.prediction) if told else (past.frame, now.frame)
    inner = np.nanquantile(old, [1 / 3, 2 / 3])
    label = np.array(PHASES)
    return label[np.minimum(np.searchsorted(inner, old), 2)], label[np.minimum(np.searchsorted(inner, new), 2)]


def _rows(table: Table, stratum: npt.NDArray[np.str_]) -> Rows:
    residual = table.prediction - table.truth
    values = np.column_stack([table.vectors, table.prediction, residual])
    return Rows(values, table.equipment, table.at, stratum)


def _of(rows: Rows, kept: npt.NDArray[np.bool_]) -> Rows:
    return Rows(rows.values[:, kept], rows.equipment, rows.at, rows.stratum)
