"""The bundle's files that describe a model's inputs and prove its answers: input_schema.json and golden.json."""

from __future__ import annotations

import math
import re

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.contracts import Contracts
from acme_lib.features import Fitted, Frames, compute, names
from acme_lib.models.bands import Answers

__all__ = [
    "GOLDEN_ROWS",
    "TOLERANCE",
    "Golden",
    "GoldenRow",
    "Input",
    "InputSchema",
    "difference",
    "golden",
    "input_schema",
]

GOLDEN_ROWS = 20  # at least
TOLERANCE = 1e-4  # of golden answers: float32 sums in another order differ by less
PROBE = 128  # frames, more than any window or lag


class Input(msgspec.Struct, frozen=True):
    """One feature: `nullable` where not knowing it is legal."""

    name: str
    unit: str = "1"
    nullable: bool = False


class InputSchema(msgspec.Struct, frozen=True):
    """input_schema.json: the columns of the model's one input, float32 [n, features]."""

    features: list[Input]
    input: str = "features"
    dtype: str = "float32"


class GoldenRow(msgspec.Struct, frozen=True):
    """A vector (null for NaN) and what the model answered at its release."""

    features: list[float | None]
    value: float
    low: float | None = None
    high: float | None = None


class Golden(msgspec.Struct, frozen=True):
    """golden.json."""

    rows: list[GoldenRow]

    def vectors(self) -> npt.NDArray[np.float32]:
        """float32[rows, features]; NaN where null."""
        return np.array([row.features for row in self.rows], dtype=np.float32)


def input_schema(fitted: Fitted, of: Contracts) -> InputSchema:
    """Nullable is what is not known even of complete frames: a lag before there was one, hours since no event."""
    unknown: list[bool] = np.isnan(compute(fitted, _probe(fitted))).any(axis=0).tolist()  # type: ignore[assignment]
    units = {tag.name: tag.unit for c in fitted.spec.classes if c in of.tags.classes for tag in of.tags.classes[c].tags}
    found = [Input(n, _unit(fitted, n, units), free) for n, free in zip(names(fitted), unknown, strict=True)]
    return InputSchema(found)


def golden(vectors: npt.NDArray[np.float32], answers: Answers) -> Golden:
    """float32[n, features] and the answers to them; n >= 20."""
    columns = (answers.value.tolist(), answers.low.tolist(), answers.high.tolist())
    rows = zip(vectors.astype(np.float64).tolist(), *columns, strict=True)
    return Golden(
        [GoldenRow([_known(v) for v in row], value, _known(low), _known(high)) for row, value, low, high in rows]
    )


def difference(wanted: Golden, found: Answers) -> float:
    """The largest difference, relative above 1; infinite where one side knows a value and the other does not."""
    worst = 0.0
    for at, row in enumerate(wanted.rows):
        for w, column in ((row.value, found.value), (row.low, found.low), (row.high, found.high)):
            f = float(column[at])
            if w is None or math.isnan(f):
                worst = max(worst, 0.0 if w is None and math.isnan(f) else math.inf)
            else:
                worst = max(worst, abs(f - w) / max(1.0, abs(w)))
    return worst


def _known(value: float) -> float | None:
    return None if value != value else value


def _probe(fitted: Fitted) -> Frames:
    """Frames in which every required tag is there, at values of its training."""
    rule = fitted.spec.frame
    times = np.arange(PROBE, dtype=np.int64) * round(rule.period_s * 1e6)
    values = np.tile(np.linspace(1.0, 2.0, PROBE)[:, None], (1, len(rule.tags)))
    values[:, len(rule.required) :] = np.nan
    return Frames("probe", times, values)


def _unit(fitted: Fitted, name: str, units: dict[str, str]) -> str:
    tag, _, kind = name.partition("__")
    if kind == "hours_since":
        return "h"
    if name == "age":
        return "frames"
    if tag not in fitted.series:
        return units.get(tag) or "1"
    unit = "z" if fitted.spec.normalise or kind == "sum" or tag not in fitted.signals else units.get(tag) or "1"
    return f"{unit}/frame" if re.match(r"slope_", kind) else unit
