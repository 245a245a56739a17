"""What the retraining triggers look at, read from the lake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from acme_lib.contracts import contracts
from acme_lib.drift import sources
from acme_lib.drift.history import alarms
from acme_lib.drift.retraining import Evidence, Trigger, judged
from acme_lib.errors import WrongUse

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["evidence_of", "triggers_of"]


def triggers_of(lake: Lakehouse, use_case: str) -> list[Trigger]:
    """The verdicts for the serving model. Raises WrongUse for an unknown use case, Stop where no model is registered."""
    if use_case not in contracts().use_cases:
        raise WrongUse(f"no use case {use_case!r}; there are {', '.join(contracts().use_cases)}")
    return judged(contracts().retraining.of(use_case), evidence_of(lake, use_case))


def evidence_of(lake: Lakehouse, use_case: str) -> Evidence:
    """Drift runs against the serving model, and rows with truth that came after it learned."""
    model = sources.model_of(lake, use_case, None)
    inputs, residuals = alarms(lake, use_case, model[0])
    past = sources.past(lake, use_case, model)
    since = sources.current(lake, use_case, model, None, None)
    return Evidence(inputs, residuals, len(past), int(np.isfinite(since.truth).sum()))
