"""The drift gate: training against test, by life phase, in windows small enough that their thresholds can be calibrated."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from acme_lib.models.dataset import Dataset
from acme_lib.models.gates import Verdict, stated
from acme_lib.models.inputs import Inputs

if TYPE_CHECKING:
    from acme_lib.drift import Reference, Rows
    from acme_lib.drift.strata import Table

__all__ = ["drift"]

DRIFTED = 0.2  # of the features that are compared


def drift(found: Inputs, rows: Dataset, test: Dataset) -> Verdict:
    """Most single-frame features must keep their distribution: one drifts that does so in most windows. Fails where no
    window could be judged (500 rows a side)."""
    from acme_lib.drift import compare, parts

    seen, bad = Counter[str](), Counter[str]()
    reference, current = _compared(found, rows, test)
    for window in parts(reference, current):
        told = [f for f in compare(reference, window).findings if f.threshold is not None and f.feature in found.names]
        seen.update({f.feature for f in told})
        bad.update({f.feature for f in told if f.drifted})
    asked = f"at most {DRIFTED:.0%} of features drifted"
    if not seen:
        return stated("drift", None, f"{asked}, 500 rows a side", None)
    drifted = [name for name, count in seen.items() if 2 * bad[name] > count]
    return stated("drift", len(drifted) <= DRIFTED * len(seen), asked, f"{len(drifted)} of {len(seen)}")


def _compared(found: Inputs, rows: Dataset, test: Dataset) -> tuple[Reference, Rows]:
    from acme_lib.drift.strata import Table, aligned

    plain = [n for n, name in enumerate(found.names) if "__" not in name]

    def table(data: Dataset) -> Table:
        nothing = np.full(len(data), np.nan)
        vectors = data.vectors[:, plain].astype(np.float64)
        return Table(data.equipment, data.at, data.frame.astype(np.float64), vectors, nothing, nothing)

    names = tuple(found.names[n] for n in plain)
    by = "time" if found.case.split.test == "forward" else "equipment"
    return aligned(names, table(rows), table(test), by, found.case.label.cap is not None)  # type: ignore[arg-type]
