"""Run record: what one job of one pipeline run did. Baselines are queries over these rows (table ops_runs)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any

from acme_lib import __version__

__all__ = ["RunRecord", "recording"]


@dataclass
class RunRecord:
    """Rows in and out, bytes, seconds and the job's own counters. Filled while the job runs."""

    run_id: str
    job: str
    started_utc: datetime
    version: str = __version__
    seconds: float = 0.0
    rows_in: int = 0
    rows_out: int = 0
    bytes_out: int = 0
    status: str = "succeeded"
    error: str | None = None
    counters: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """One line of JSON, for a notebook's exit value."""
        return json.dumps(asdict(self), default=str)


@contextmanager
def recording(run_id: str, job: str, now: datetime) -> Iterator[RunRecord]:
    """Times the block; a failure is noted in the record and raised on."""
    record, start = RunRecord(run_id, job, now), monotonic()
    try:
        yield record
    except Exception as e:
        record.status, record.error = "failed", str(e)
        raise
    finally:
        record.seconds = round(monotonic() - start, 3)
