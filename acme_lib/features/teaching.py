"""Which part of a history may teach, by the use case's split: nothing of the test period, nor of the gap before it."""

from __future__ import annotations

from acme_lib.contracts import Split
from acme_lib.errors import WrongUse

__all__ = ["begin_of_test", "teaches_until"]

HOUR_US = 3_600_000_000


def begin_of_test(rule: Split, first_us: int, last_us: int) -> int:
    """Start of the test period of a split forward in time, over frames from `first_us` to `last_us` (microseconds)."""
    if rule.share is None:
        raise WrongUse("use_cases.yaml: this kind of split needs share")
    return last_us - round(rule.share * (last_us - first_us))


def teaches_until(rule: Split, first_us: int, last_us: int) -> int | None:
    """The last microsecond that may teach; None where the split is by equipment and time bounds nothing."""
    if rule.test != "forward":
        return None
    return begin_of_test(rule, first_us, last_us) - round(rule.gap_h * HOUR_US) - 1
