"""What operators see of a classifier: how many failures were announced, how many alarms were false, by machine and week."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["EventFigures", "Machine", "event_figures"]

WEEK_US = 7 * 24 * 3_600_000_000


@dataclass(frozen=True)
class Machine:
    """One machine's judged time. `at` and `failures` ascending microseconds, `alarm` bool a frame."""

    at: npt.NDArray[np.int64]
    alarm: npt.NDArray[np.bool_]
    failures: npt.NDArray[np.int64]


@dataclass(frozen=True)
class EventFigures:
    """Shares with (low, high) of a bootstrap by machine; recall NaN where nothing failed."""

    failures: int
    recall: float
    recall_interval: tuple[float, float]
    false_alarms_per_week: float
    false_alarms_interval: tuple[float, float]


def event_figures(
    machines: list[Machine], horizon_us: int, seed: int, level: float = 0.9, draws: int = 1000
) -> EventFigures:
    """A failure is announced where any frame in [failure - horizon, failure) alarms. A false alarm is a run of alarms,
    unbroken frame to frame, of which no frame has a failure within the horizon."""
    counts = np.array([_counts(m, horizon_us) for m in machines], dtype=np.float64)
    picks = np.random.default_rng(seed).integers(0, len(machines), (draws, len(machines)))
    drawn = counts[picks].sum(axis=1)
    total = counts.sum(axis=0)
    tails = ((1 - level) / 2, (1 + level) / 2)
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls, falses = drawn[:, 1] / drawn[:, 0], drawn[:, 2] / drawn[:, 3]
    return EventFigures(
        int(total[0]),
        float(total[1] / total[0]) if total[0] else float("nan"),
        _interval(recalls, tails),
        float(total[2] / total[3]),
        _interval(falses, tails),
    )


def _interval(values: npt.NDArray[np.float64], tails: tuple[float, float]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, tails)
    return float(low), float(high)


def _counts(machine: Machine, horizon_us: int) -> tuple[float, float, float, float]:
    """(failures, announced, false alarms, machine-weeks). Failures outside the judged time don't count."""
    at, alarm = machine.at, machine.alarm
    judged = machine.failures[(machine.failures > at[0]) & (machine.failures <= at[-1] + horizon_us)]
    raised = at[alarm]
    first = np.searchsorted(raised, judged - horizon_us, side="left")
    announced = np.searchsorted(raised, judged, side="left") > first
    true = np.searchsorted(machine.failures, at + horizon_us, side="right") > np.searchsorted(
        machine.failures, at, side="right"
    )
    run = np.cumsum(np.diff(alarm, prepend=False) & alarm)  # number of the run each alarm belongs to
    false = len(set(run[alarm].tolist()) - set(run[alarm & true].tolist()))
    period = float(np.median(np.diff(at))) if len(at) > 1 else 0.0
    return len(judged), int(announced.sum()), false, len(at) * period / WEEK_US
