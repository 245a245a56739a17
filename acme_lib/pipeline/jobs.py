"""Runs one job inside a notebook and leaves its run record, also where the job fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from acme_lib import runtime
from acme_lib.errors import WrongUse
from acme_lib.monitoring import RunRecord, save_run

if TYPE_CHECKING:
    from acme_lib.lake import Lakehouse

__all__ = ["configured", "run_job"]

C = TypeVar("C", bound=BaseModel)
Where = Literal["notebook", "command"]


def configured(kind: type[C], where: Where = "notebook", /, **parameters: Any) -> C:
    """The job's config from what a notebook's cell or a command line gave. Raises WrongUse that names it and the mend."""
    try:
        return kind(**parameters)
    except ValidationError as e:
        first = e.errors()[0]
        name, mend = _given(".".join(str(p) for p in first["loc"]) or "parameters", where)
        raise WrongUse(f"{name}: {first['msg']}, got {first.get('input')!r}; {mend}") from e


def _given(name: str, where: Where) -> tuple[str, str]:
    """What a person wrote it as, and what to do about it."""
    if where == "notebook":
        return f"parameter {name}", "correct the cell tagged parameters"
    return f"option --{name.replace('_', '-')}", "give another value; --help has what each option means"


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
