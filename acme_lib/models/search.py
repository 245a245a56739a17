"""Hyperopt behind a thin adapter: reproducible, resumable after each trial, and a failed trial is no end."""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from acme_lib.errors import Stop

__all__ = ["Space", "search"]

Space = Mapping[str, Any]


def search(
    objective: Callable[[dict[str, Any]], float], space: Space, trials: int, seed: int, kept: Path,
    told: Callable[[int, float], None] | None = None,
) -> tuple[dict[str, Any], list[float]]:  # fmt: skip
    """(best point, each trial's loss; NaN where it failed). Lower is better. `kept`: where trials are saved after each
    one; a run that finds them there goes on behind them. Raises Stop where no trial succeeded."""
    import hyperopt
    from hyperopt.exceptions import AllTrialsFailed

    found: Any = pickle.loads(kept.read_bytes()) if kept.is_file() else hyperopt.Trials()
    while len(found.trials) < trials:
        number = len(found.trials)
        with suppress(AllTrialsFailed):  # it also asks for the best of none
            hyperopt.fmin(
                lambda point: _outcome(objective, point), dict(space), algo=hyperopt.tpe.suggest, max_evals=number + 1,
                trials=found, rstate=np.random.default_rng(seed * 1_000 + number), show_progressbar=False, verbose=False,
                allow_trials_fmin=False, return_argmin=False,
            )  # fmt: skip
        _save(found, kept)
        if told is not None:
            told(number + 1, _loss(found.results[-1]))
    losses = [_loss(result) for result in found.results]
    if not any(math.isfinite(loss) for loss in losses):
        raise Stop(f"tuning: none of {len(losses)} trials succeeded ({found.results[-1].get('why', 'no reason')}); check recipe and data, and remove {kept}")  # fmt: skip
    best = found.trials[int(np.nanargmin(losses))]["misc"]["vals"]
    return hyperopt.space_eval(dict(space), {k: v[0] for k, v in best.items() if v}), losses


def _outcome(objective: Callable[[dict[str, Any]], float], point: dict[str, Any]) -> dict[str, Any]:
    """A trial's result; what goes wrong, NaN included, is a failed trial and not the end of the search."""
    from hyperopt import STATUS_FAIL, STATUS_OK

    try:
        loss = float(objective(point))
    except Exception as e:
        return {"status": STATUS_FAIL, "why": f"{type(e).__name__}: {e}"[:500]}
    return {"status": STATUS_OK, "loss": loss} if math.isfinite(loss) else {"status": STATUS_FAIL, "why": "not finite"}


def _loss(result: Mapping[str, Any]) -> float:
    return float(result.get("loss", math.nan))


def _save(trials: Any, kept: Path) -> None:
    """Whole or not at all: a kill while writing leaves the trials before."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".new")
    fresh.write_bytes(pickle.dumps(trials))
    os.replace(fresh, kept)
