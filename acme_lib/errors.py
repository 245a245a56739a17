"""Errors, named by what the caller does next. Every message says what to change."""

__all__ = ["AcmeError", "Quarantine", "Retry", "SlowDown", "Stop", "WrongUse"]


class AcmeError(Exception):
    """Root of every error this project raises on purpose."""


class Quarantine(AcmeError):
    """Keep the bytes aside, go on."""


class SlowDown(AcmeError):
    """The other side asks for less: wait `retry_after` seconds, then the same batch again."""

    def __init__(self, message: str, retry_after: float = 4.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Retry(AcmeError):
    """A passing failure: the same batch again, with backoff."""


class Stop(AcmeError):
    """End the process: going on would lose data or can't succeed. Exit code 1."""


class WrongUse(AcmeError):
    """The request itself is wrong (an option, a file, a setting). Exit code 2."""
