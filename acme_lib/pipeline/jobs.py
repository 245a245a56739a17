"""Runs one job inside a notebook and leaves its run record, also where the job fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from acme_lib import runtime
from acme_lib.errors import WrongUse
from acme_lib.monitoring import RunRecord, save_run

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["configured", "run_job"]

C = TypeVar("C", bound=BaseModel)


def configured(kind: type[C], **parameters: Any) -> C:
    """The job's config from a notebook's parameters. Raises WrongUse that names the parameter and the mend."""
    try:
        return kind(**parameters)
    except ValidationError as e:
        first = e.errors()[0]
        name = ".".join(str(p) for p in first["loc"]) or "parameters"
        raise WrongUse(
            f"parameter {name}: {first['msg']}, got {first.get('input')!r}; correct the cell tagged parameters"
        ) from e


def run_job(job: Callable[[C, Lakehouse, datetime], RunRecord], config: C) -> RunRecord:
    """Runs `job` on the default lakehouse; its record is a row of ops_runs whether it succeeds or fails."""
    lake, now, start = runtime.lakehouse(), runtime.now(), monotonic()
    try:
        record = job(config, lake, now)
    except Exception as e:
        name = job.__module__.rsplit(".", 1)[-1]
        save_run(
            lake,
            RunRecord(
                getattr(config, "run_id", ""),
                name,
                now,
                seconds=round(monotonic() - start, 3),
                status="failed",
                error=f"{type(e).__name__}: {e}"[:2000],
            ),
        )
        raise
    save_run(lake, record)
    return record
