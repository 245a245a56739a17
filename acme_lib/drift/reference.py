"""Reference: the rows a model learned from, by stratum (regime and life phase), ready to be compared with any window."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from acme_lib.drift.tally import Index, Scale, Tally, scale_of, tally
from acme_lib.drift.windows import Scheme
from acme_lib.errors import WrongUse

__all__ = ["LEAST_ROWS", "Reference", "Rows", "clocks"]

Array = npt.NDArray[np.float64]
LEAST_ROWS = 500


@dataclass(frozen=True, slots=True)
class Rows:
    """n rows: values [n, features] (NaN = missing), whose they are, when (microseconds since 1970), and their stratum."""

    values: Array
    equipment: npt.NDArray[np.str_]
    at: npt.NDArray[np.int64]
    stratum: npt.NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.values)

    def of(self, chosen: npt.NDArray[np.bool_] | Index) -> Rows:
        return Rows(self.values[chosen], self.equipment[chosen], self.at[chosen], self.stratum[chosen])


@dataclass(frozen=True)
class Reference:
    """`rows` of the names' features; `scheme`: what a current window is, other equipment or a later time.

    `awaited`: features that come later than their rows (a residual waits for the truth), so that their absence tells nothing.
    """

    names: tuple[str, ...]
    rows: Rows
    scheme: Scheme = "time"
    awaited: frozenset[str] = frozenset()
    _made: dict[str, tuple[Rows, Scale, Tally]] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.rows.values.shape[1:] != (len(self.names),):
            raise WrongUse(
                f"drift reference: {len(self.names)} names for values of shape {self.rows.values.shape}; give one a column"
            )

    @property
    def strata(self) -> list[str]:
        return sorted(set(self.rows.stratum.tolist()))

    def stratum(self, name: str) -> tuple[Rows, Scale, Tally]:
        """A stratum's rows, how they are binned, and all of them counted; made once."""
        if name not in self._made:
            rows = self.rows.of(self.rows.stratum == name)
            scale = scale_of(rows.values)
            self._made[name] = (rows, scale, tally(rows.values, scale).whole)
        return self._made[name]


def clocks(rows: Rows) -> npt.NDArray[np.bool_]:
    """Columns that only ever rise along each equipment's time: age, sums. They drift by construction and aren't compared."""
    order = np.lexsort((rows.at, rows.equipment))
    values, equipment = rows.values[order], rows.equipment[order]
    steps = np.diff(values, axis=0)[equipment[1:] == equipment[:-1]]
    steps = np.where(np.isfinite(steps), steps, 0)
    return np.asarray((steps >= 0).all(axis=0) & (steps > 0).any(axis=0), dtype=np.bool_)
