"""Slices: the same figures by site, line and age of the equipment, with a least n below which nothing is claimed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["INSUFFICIENT", "Slice", "age_bands", "lines", "sites", "slices"]

INSUFFICIENT = "insufficient"
Column = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]


@dataclass(frozen=True)
class Slice:
    """One value of one dimension. `figure` and `verdict`: the metric there, and "ok", "worse" or "insufficient"."""

    dimension: str
    value: str
    rows: int
    assets: int
    figure: float | None
    verdict: str


def slices(
    dimensions: Mapping[str, Names], equipment: Names, truth: Column, value: Column,
    figure: Callable[[Column, Column], float], worse: Callable[[float, float], bool], least_rows: int, least_assets: int,
    telling: npt.NDArray[np.bool_] | None = None,
) -> list[Slice]:  # fmt: skip
    """Every slice against all rows. `worse(here, overall)`: is the slice treated worse than all are?

    Assets count by their `telling` rows: of a rare event, those where it came.
    """
    overall = figure(truth, value)
    found = []
    for dimension, names in dimensions.items():
        for name in np.unique(names):
            here = names == name
            rows, assets = int(here.sum()), len(np.unique(equipment[here if telling is None else here & telling]))
            at = figure(truth[here], value[here])
            if rows < least_rows or assets < least_assets or not np.isfinite(at):
                found.append(Slice(dimension, str(name), rows, assets, None, INSUFFICIENT))
            else:
                found.append(Slice(dimension, str(name), rows, assets, at, "worse" if worse(at, overall) else "ok"))
    return found


def sites(equipment: Names) -> Names:
    """The site of each equipment path."""
    return np.array([name.split("/")[0] for name in equipment.tolist()])


def lines(equipment: Names) -> Names:
    """site/area/line of each equipment path."""
    return np.array(["/".join(name.split("/")[:3]) for name in equipment.tolist()])


def age_bands(age: npt.NDArray[np.floating]) -> Names:
    """Thirds of the rows by the equipment's age, in years or in frames: young, middle, old. A row without one is of "unknown" age."""
    known = np.isfinite(age)
    cuts = np.quantile(age[known], [1 / 3, 2 / 3]) if known.any() else np.zeros(2)
    bands = np.array(["young", "middle", "old"])[np.searchsorted(cuts, age, side="left").clip(0, 2)]
    return np.where(known, bands, "unknown")
