"""Drift: false alarms and delay where the truth is known, and a real gas turbine over three years, frozen and retrained."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import numpy as np
import numpy.typing as npt

from acme_lib.bench.report import Report
from acme_lib.drift import Reference, calibrate, compare, psi
from acme_lib.drift.study import ONE_STRATUM, correlated, delays, false_alarms, plain, read_table, windows
from acme_lib.drift.tally import tally
from acme_lib.errors import WrongUse

__all__ = ["run"]

Array = npt.NDArray[np.float64]
AGAIN = 1_500  # rows after which the other model learns anew
ROWS, ALPHA, FEATURES, SIGMAS = 500, 0.05, 10, (0.25, 0.5, 1.0)
TARGETS = ("CO", "NOX")
GAS = Path(__file__).resolve().parents[3] / "shared" / "data" / "gas_turbine"


def run(quick: bool = False) -> Report:
    """The report; `quick` runs one seed and no gas turbine."""
    report = Report(
        "drift", "Drift: false alarms, delay, and a gas turbine over three years", "acme bench drift",
        ("Measurement", "Data", "Figure"),
    )  # fmt: skip
    for carry in (0.0,) if quick else (0.0, 0.9, 0.98):
        known_truth(report, carry, 1 if quick else 6)
    if not quick:
        gas_turbine(report, GAS)
    report.notes += [
        f"A run: all features and four metrics on one window of {ROWS} rows; aim: at most {ALPHA:.0%} of quiet runs alarm.",
        f"Known truth: {FEATURES} features of normal values, each a share (carry) of the one before; reference 20,000 rows, then quiet "
        "windows 1,000 rows apart. Naive: PSI above 0.1 in any feature.",
        "Delay: one feature moves by the stated share of its spread; windows slide by 50 rows; counted until that feature is named. Where the plant's "
        "own slow wandering is larger than a shift, it can't be told from it within a window: fewer are found.",
        "Gas turbine (UCI 551, CC BY 4.0; 11 hourly columns, read in place): learned from the first two years, each feature judged in windows of "
        "500 rows of the third. The reference holds two winters and two summers in its windows, so seasons alone don't alarm.",
        f"Retrained: every {AGAIN:,} rows on the reference and all that came before; frozen: on the reference alone. Same LightGBM settings, float32, seed 1.",
    ]
    return report


def known_truth(report: Report, carry: float, seeds: int) -> None:
    alarms, naive, measured, late = [], [], [], {s: ([], 0, 0) for s in SIGMAS}  # type: ignore[var-annotated]
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        values = correlated(45_000, FEATURES, carry, rng)
        reference = Reference(tuple(f"f{n}" for n in range(FEATURES)), plain(values[:20_000]))
        made = calibrate(reference, ONE_STRATUM, ROWS, ALPHA)
        measured.append(made.rate)
        quiet = values[20_500:]
        alarms += false_alarms(reference, made, quiet, ROWS)[::2]
        naive += [bool(n > 0.1) for n in textbook(reference, quiet)]
        for d in delays(reference, quiet, SIGMAS, ROWS, 10, 50, ALPHA) if seed < 2 else []:
            rows, found, tried = late[d.sigma]
            late[d.sigma] = (rows + d.rows, found + d.found, tried + d.tried)
    data = f"known truth, carry {carry:g}"
    report.rows.append(
        ["false alarms a run", data, f"{share(alarms)}; the calibration itself says {np.mean(measured):.1%}"]
    )
    report.rows.append(["false alarms a run, naive PSI > 0.1", data, share(naive)])
    for sigma, (rows, found, tried) in late.items():
        report.rows.append([f"delay at {sigma:g} sigma", data, delay(rows, found, tried)])


def textbook(reference: Reference, quiet: Array) -> list[float]:
    """The largest PSI of each window."""
    _, scale, before = reference.stratum(ONE_STRATUM)
    return [float(psi(before.counts, tally(w.values, scale).whole.counts).max()) for w in windows(quiet, ROWS)[::2]]


def share(alarms: list[bool]) -> str:
    return f"{np.mean(alarms):.1%} ({sum(alarms)} of {len(alarms)})"


def delay(rows: list[int], found: int, tried: int) -> str:
    if not rows:
        return f"not found within the stretch (0 of {tried})"
    return f"median {median(rows):,.0f} rows, 90th percentile {np.quantile(rows, 0.9):,.0f}; {found} of {tried} found"


def gas_turbine(report: Report, folder: Path) -> None:
    """2011 and 2012 teach, 2013 comes."""
    files = sorted(folder.glob("gt_*.csv"))
    if len(files) < 3:
        raise WrongUse(f"{folder}: needs gt_2011.csv to gt_2013.csv; put them there, or measure with --quick")
    names, first = read_table(files[0])
    past, coming = np.vstack([first, read_table(files[1])[1]]), read_table(files[2])[1]
    inputs = [n for n, name in enumerate(names) if name not in TARGETS]
    reference = Reference(tuple(names[n] for n in inputs), plain(past[:, inputs]))
    found = [compare(reference, w, ALPHA) for w in windows(coming[:, inputs], ROWS)]
    made = found[0].calibrations[0]
    report.rows.append(["false alarms a run, left-out windows", "gas turbine 2011-12", f"{made.rate:.1%} of {made.windows} windows; {made.independent} independent ones promise {made.bound:.1%}"])  # fmt: skip
    counts = {name: sum(any(f.feature == name for f in c.drifted) for c in found) for name in reference.names}
    named = ", ".join(f"{name} {n}" for name, n in sorted(counts.items(), key=lambda kv: -kv[1]) if n) or "none"
    report.rows.append(["input drift, windows that alarm", "gas turbine 2013", f"{sum(bool(c.drifted) for c in found)} of {len(found)}: {named}"])  # fmt: skip
    for target in TARGETS:
        one_target(report, past, coming, inputs, names.index(target), target)


def one_target(report: Report, past: Array, coming: Array, inputs: list[int], target: int, name: str) -> None:
    held = out_of_fold(past, inputs, target)
    frozen, retrained = learned(past, inputs, target), []
    errors = coming[:, target] - frozen(coming[:, inputs])
    residual = Reference(("residual",), plain(held[:, None]))
    alarms = [bool(compare(residual, w, ALPHA).drifted) for w in windows(errors[:, None], ROWS)]
    for start in range(0, len(coming), AGAIN):
        model = learned(np.vstack([past, coming[:start]]), inputs, target)
        part = coming[start : start + AGAIN]
        retrained.append(part[:, target] - model(part[:, inputs]))
    data = f"gas turbine 2013, {name}"
    first = next((n for n, a in enumerate(alarms) if a), None)
    when = "" if first is None else f", first after {(first + 1) * ROWS:,} rows"
    report.rows.append(["residual drift, windows that alarm", data, f"{sum(alarms)} of {len(alarms)}{when}"])
    report.rows.append(["RMSE, 2011-12 by contiguous sixths left out", data, f"{rms(held):.2f}"])
    report.rows.append(["RMSE, frozen model", data, f"{rms(errors):.2f}"])
    report.rows.append([f"RMSE, retrained every {AGAIN:,} rows", data, f"{rms(np.concatenate(retrained)):.2f}"])


def learned(rows: Array, inputs: list[int], target: int):  # type: ignore[no-untyped-def]
    """A LightGBM on float32 rows; a function of inputs [n, k]."""
    import lightgbm

    options = {"objective": "regression", "num_leaves": 15, "learning_rate": 0.1, "num_threads": 1, "seed": 1, "max_bin": 63, "verbosity": -1, "deterministic": True}  # fmt: skip
    data = lightgbm.Dataset(rows[:, inputs].astype(np.float32), rows[:, target])
    model = lightgbm.train(options, data, num_boost_round=100)
    return lambda x: np.asarray(model.predict(x.astype(np.float32)), dtype=np.float64)


def out_of_fold(rows: Array, inputs: list[int], target: int, folds: int = 6) -> Array:
    """Residuals of contiguous parts, each by a model that never saw it: what a later year's residuals are compared with."""
    parts = np.array_split(np.arange(len(rows)), folds)
    found = np.empty(len(rows))
    for part in parts:
        model = learned(np.delete(rows, part, axis=0), inputs, target)
        found[part] = rows[part, target] - model(rows[part][:, inputs])
    return found


def rms(errors: Array) -> float:
    return float(np.sqrt(np.mean(errors**2)))
