"""Rows by name to the model's matrix; everything that is wrong with a request is said at once, with its code."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from acme_lib.errors import WrongUse
from acme_lib.inference import Fault, PredictRequest, Row
from acme_lib.inference.messages import decoder
from acme_lib.models.bundle.parts import Input

__all__ = ["Rejected", "matrix", "parse"]

MOST_FAULTS = 20
FLOAT32_MOST = float(np.finfo(np.float32).max)
_decode = decoder().decode


class Rejected(WrongUse):
    """The request can't be answered; `faults` say why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f.message for f in faults))
        self.faults = list(faults[:MOST_FAULTS])


def parse(body: bytes, most_rows: int) -> PredictRequest:
    """The request. Raises Rejected where it is none."""
    try:
        request = _decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as e:
        raise Rejected(_not_finite(body) or [Fault(code="MALFORMED", message=f"the body is no request: {e}")]) from e
    if not 1 <= len(request.rows) <= most_rows:
        raise Rejected(
            [Fault(code="ROWS_INVALID", message=f"{len(request.rows)} rows; send between 1 and {most_rows}")]
        )
    return request


def matrix(rows: Sequence[Row], inputs: Sequence[Input]) -> npt.NDArray[np.float32]:
    """float32[rows, inputs] in the model's order; null becomes NaN. Raises Rejected naming rows and features."""
    names, nan = [i.name for i in inputs], math.nan
    known = set(names)
    if all(row.features.keys() == known for row in rows):
        values = np.array([[nan if (v := row.features[n]) is None else v for n in names] for row in rows])
        legal = (np.abs(values) <= FLOAT32_MOST) | (np.isnan(values) & np.array([i.nullable for i in inputs]))
        if legal.all():  # JSON has no NaN, so one that is there was a null
            return values.astype(np.float32)
    raise Rejected([fault for at, row in enumerate(rows) for fault in _faults(at, row, inputs)])


def _faults(at: int, row: Row, inputs: Sequence[Input]) -> list[Fault]:
    """One fault a code, naming all the features it is about."""
    given, found = row.features, []
    known = {i.name for i in inputs}
    if unknown := sorted(given.keys() - known):
        found.append(_fault("FEATURE_UNKNOWN", "the model has no such feature", at, unknown))
    absent = [i.name for i in inputs if given.get(i.name) is None and (i.name not in given or not i.nullable)]
    if absent:
        found.append(_fault("FEATURE_MISSING", "a value is needed", at, absent))
    wide = [n for n, v in given.items() if v is not None and not abs(v) <= FLOAT32_MOST]
    if wide:
        found.append(_fault("FEATURE_NOT_FINITE", "must be a finite 32-bit float", at, wide))
    return found


def _fault(code: str, what: str, at: int, features: list[str]) -> Fault:
    shown = ", ".join(features[:5]) + (f" and {len(features) - 5} more" if len(features) > 5 else "")
    return Fault(code=code, message=f"row {at}: {shown}: {what}", row=at, features=features)


def _not_finite(body: bytes) -> list[Fault]:
    """JSON has no NaN, yet many write it: then the fault is the value, not the form."""
    try:
        found: Any = json.loads(body)
        rows = found["rows"]
        bad = [(at, [n for n, v in row["features"].items() if _strange(v)]) for at, row in enumerate(rows)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
    return [_fault("FEATURE_NOT_FINITE", "must be a finite 32-bit float", at, names) for at, names in bad if names]


def _strange(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)
