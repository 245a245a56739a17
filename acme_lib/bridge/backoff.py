"""How long to wait before the same thing is tried again."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

__all__ = ["Backoff", "delay"]


@dataclass(frozen=True)
class Backoff:
    """Exponential, bounded, with jitter. Event Hubs asks for at least 4 s after 50002 (server busy)."""

    first_s: float = 0.5
    factor: float = 2.0
    most_s: float = 60.0
    throttled_s: float = 4.0
    jitter: float = 0.25


def delay(policy: Backoff, attempt: int, rand: Random, throttled_s: float | None = None) -> float:
    """Seconds before attempt `attempt` + 1 (attempts count from 1). `throttled_s`: what the other side asked for, if it did."""
    base = min(policy.first_s * policy.factor ** min(attempt - 1, 30), policy.most_s)
    if throttled_s is not None:
        base = max(base, policy.throttled_s, throttled_s)
    return base * (1 + policy.jitter * rand.random())  # only ever longer: a floor stays a floor
