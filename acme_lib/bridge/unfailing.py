"""The log of the bridge's processes: a log volume that is full is no reason to stop carrying data."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import structlog

__all__ = ["log_unfailing"]


class _Printed(structlog.PrintLogger):
    """A line that can't be written is lost; what it tells of goes on."""

    def msg(self, message: str) -> None:
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = fatal = failure = err = error = critical = exception = msg


def log_unfailing() -> None:
    """From now on no log line of this process raises OSError."""
    structlog.configure(logger_factory=_made)


def _made(*_: Any) -> _Printed:
    return _Printed()
