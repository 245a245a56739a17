"""From a model's raw output to value, low and high: calibration and interval bands as data, one pure function for edge and batch."""

from __future__ import annotations

from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.errors import WrongUse

__all__ = ["Answers", "Bands", "answer"]

Column = npt.NDArray[np.float64]


class Answers(NamedTuple):
    """float64[n] each; `low` and `high` NaN where the model gives no interval."""

    value: Column
    low: Column
    high: Column


class Bands(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """bands.json. `level`: share of truths meant to lie inside.

    Calibration: raw output -> value, piecewise linear through (`raw`, `calibrated`), flat outside; none where empty.
    Bands by value: band i holds values in [edges[i-1], edges[i]); low = value - below[i], high = value + above[i].
    `least` and `most` clip value and bounds.
    """

    level: float = 0.9
    raw: tuple[float, ...] = ()
    calibrated: tuple[float, ...] = ()
    edges: tuple[float, ...] = ()
    below: tuple[float, ...] = ()
    above: tuple[float, ...] = ()
    least: float | None = None
    most: float | None = None

    def __post_init__(self) -> None:
        if len(self.raw) != len(self.calibrated) or len(self.below) != len(self.above):
            raise ValueError("raw and calibrated, below and above must be of equal length")
        if self.below and len(self.below) != len(self.edges) + 1:
            raise ValueError("below and above need one entry more than edges")

    def to_json(self) -> bytes:
        return msgspec.json.encode(self, order="sorted")

    @staticmethod
    def from_json(text: bytes | str) -> Bands:
        """Raises WrongUse where the text is no Bands."""
        try:
            return msgspec.json.decode(text, type=Bands)
        except msgspec.MsgspecError as e:
            raise WrongUse(f"bands.json: {e}; register the model anew") from e


def answer(bands: Bands, raw: Column) -> Answers:
    """raw float64[n] -> value, low, high."""
    value = np.interp(raw, bands.raw, bands.calibrated) if bands.raw else np.asarray(raw, dtype=np.float64)
    value = _clipped(bands, value)
    if not bands.below:
        none = np.full(len(value), np.nan)
        return Answers(value, none, none)
    band = np.searchsorted(bands.edges, value, side="right")
    low, high = value - np.take(bands.below, band), value + np.take(bands.above, band)
    return Answers(value, _clipped(bands, low), _clipped(bands, high))


def _clipped(bands: Bands, column: Column) -> Column:
    if bands.least is None and bands.most is None:
        return column
    return np.clip(column, bands.least, bands.most)
