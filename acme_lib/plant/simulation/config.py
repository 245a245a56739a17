"""What to simulate: everything that decides the bytes, and nothing else."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256

import orjson

from acme_lib.contracts import contracts
from acme_lib.errors import WrongUse

__all__ = ["Config", "started_ms"]

MARGIN_S = 900.0  # of the clock policy kept for a slow broker


@dataclass(frozen=True)
class Config:
    """Same config, same bytes. `start_ms`: event time of the first reading, ms since 1970, UTC.

    `period_s` samples every gauge that often in place of the catalogue's period. `life_h`: running hours from new to
    failure at full load. Shares are of all messages published. Raises WrongUse for impossible values.
    """

    start_ms: int
    minutes: float = 60.0
    seed: int = 1
    malformed_share: float = 0.01
    duplicate_share: float = 0.005
    conflicts: int = 0
    period_s: float | None = None
    life_h: float = 36.0
    replayed: bool = False

    def __post_init__(self) -> None:
        for name in ("malformed_share", "duplicate_share"):
            if not 0 <= getattr(self, name) <= 0.5:
                raise WrongUse(f"{name} {getattr(self, name)}: give a share from 0 to 0.5")
        for name in ("minutes", "life_h"):
            if not 0 < getattr(self, name) < 1e6:
                raise WrongUse(f"{name} {getattr(self, name)}: give a number above 0")
        if self.period_s is not None and not 0.001 <= self.period_s <= 3600:
            raise WrongUse(f"period_s {self.period_s}: give seconds from 0.001 to 3600")
        if self.seed < 0 or self.conflicts < 0:
            raise WrongUse("seed and conflicts: give whole numbers from 0")

    @property
    def span_ms(self) -> int:
        return round(self.minutes * 60_000)

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.span_ms

    @property
    def fingerprint(self) -> str:
        """Part of every epoch: another config never reuses a message id."""
        values = {name: value if value is None else float(value) for name, value in asdict(self).items()}  # 2 is 2.0
        return sha256(orjson.dumps(values)).hexdigest()[:10]


def started_ms(now_ms: int, minutes: float, speed: float | None) -> int:
    """Event time to start from so that the run ends at the present: the simulated span back, less what publishing takes."""
    span_ms = minutes * 60_000
    ahead = span_ms / speed if speed else 0.0
    return round(now_ms - max(0.0, span_ms - ahead))


def outside_policy(start_ms: int, minutes: float, now_ms: int, speed: float | None) -> bool:
    """True where a right clock would break the bridge's clock policy: such a run is a replay and says so."""
    bound = contracts().bridge.clock_policy.default
    span_ms = minutes * 60_000
    takes_ms = span_ms / speed if speed else 0.0
    behind_ms = max(now_ms - start_ms, now_ms + takes_ms - (start_ms + span_ms))
    ahead_ms = max(start_ms - now_ms, start_ms + span_ms - (now_ms + takes_ms))
    return behind_ms > (bound.behind_s - MARGIN_S) * 1000 or ahead_ms > bound.ahead_s * 1000
