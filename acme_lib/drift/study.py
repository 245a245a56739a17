"""Drift of plain tables in time, rates of false alarms, and delay on injected shifts: what the report measures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from acme_lib.drift.calibrate import Calibration, calibrate
from acme_lib.drift.compare import compare_with
from acme_lib.drift.reference import Reference, Rows
from acme_lib.errors import WrongUse

__all__ = ["Delay", "correlated", "delays", "false_alarms", "plain", "read_table", "windows"]

Array = npt.NDArray[np.float64]
ONE_STRATUM = "all"


@dataclass(frozen=True, slots=True)
class Delay:
    """Rows from the onset of a shift to the first alarm; `found` of `tried` were found within the stretch."""

    sigma: float
    found: int
    tried: int
    rows: list[int]


def read_table(path: Path) -> tuple[tuple[str, ...], Array]:
    """A CSV of numbers with a header, in order of time. Raises WrongUse naming the file."""
    try:
        header = path.read_text(encoding="utf-8").splitlines()[0].split(",")
        values = np.genfromtxt(path, delimiter=",", skip_header=1, dtype=np.float64, ndmin=2)
    except (OSError, ValueError, IndexError) as e:
        raise WrongUse(f"{path}: not a readable CSV of numbers ({e}); give one with a header and a row a time") from e
    return tuple(h.strip() for h in header), values


def plain(values: Array, start: int = 0) -> Rows:
    """A table as rows of one equipment and one stratum."""
    n = len(values)
    return Rows(values, np.full(n, "table"), np.arange(start, start + n), np.full(n, ONE_STRATUM))


def windows(values: Array, rows: int) -> list[Rows]:
    """Successive windows of `rows` rows; a shorter rest is left out."""
    return [plain(values[i : i + rows], i) for i in range(0, len(values) - rows + 1, rows)]


def correlated(n: int, features: int, carry: float, rng: np.random.Generator) -> Array:
    """Normal values of spread 1 [n, features], each `carry` of the one before: a stationary plant of which all is known."""
    found = rng.normal(size=(n, features))
    found[1:] *= np.sqrt(1 - carry**2)
    for i in range(1, n):
        found[i] += carry * found[i - 1]
    return found


def false_alarms(reference: Reference, made: Calibration, quiet: Array, rows: int) -> list[bool]:
    """For each window of rows in which nothing moved: whether it alarmed."""
    return [bool(compare_with(reference, [made], w).drifted) for w in windows(quiet, rows)]


def delays(
    reference: Reference, quiet: Array, sigmas: tuple[float, ...], rows: int, stretches: int, step: int, alpha: float
) -> list[Delay]:
    """Shifts each stretch of `quiet` in one feature from its first full window on; windows slide by `step` rows."""
    made = calibrate(reference, ONE_STRATUM, rows, alpha)
    spread = np.nanstd(reference.rows.values, axis=0)
    found = []
    for sigma in sigmas:
        seen: list[int] = []
        for n, stretch in enumerate(np.array_split(quiet, stretches)):
            f = n % quiet.shape[1]
            moved = stretch.copy()
            moved[rows:, f] += sigma * spread[f]
            ends = range(rows + step, len(moved) + 1, step)
            first = next((e for e in ends if _alarmed(reference, made, moved[e - rows : e], f)), None)
            seen += [] if first is None else [first - rows]
        found.append(Delay(sigma, len(seen), stretches, seen))
    return found


def _alarmed(reference: Reference, made: Calibration, values: Array, feature: int) -> bool:
    """Whether the moved feature itself is named."""
    name = reference.names[feature]
    return any(f.feature == name for f in compare_with(reference, [made], plain(values)).drifted)
