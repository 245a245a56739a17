"""Faults the door can be told to have, so that senders are tested against what a service does on its worst days."""

from __future__ import annotations

from collections import Counter

from acme_lib.errors import WrongUse

__all__ = ["COUNTED", "Faults"]

# name -> what happens to the next N sends (auth: the next N tokens)
COUNTED = {
    "busy": "answered with com.microsoft:server-busy (throttled), nothing stored",
    "drop": "connection cut before anything is stored",
    "lostack": "stored, then the connection is cut before the acknowledgement",
    "hang": "never answered, nothing stored",
    "detach": "link detached by force, nothing stored",
    "auth": "put-token answered with 401",
}


class Faults:
    """Pending faults of one door. `slow_ms` delays every acknowledgement until it is set back to 0."""

    def __init__(self) -> None:
        self.pending: Counter[str] = Counter()
        self.slow_ms = 0.0

    def order(self, name: str, amount: float) -> None:
        """Raises WrongUse for a name that is not a fault."""
        if name == "slow":
            self.slow_ms = amount
        elif name in COUNTED:
            self.pending[name] = int(amount)
        else:
            raise WrongUse(f"no fault {name!r}; one of {', '.join([*COUNTED, 'slow', 'outage'])}")

    def take(self, name: str) -> bool:
        """True where such a fault is due now; it is used up."""
        if not self.pending[name]:
            return False
        self.pending[name] -= 1
        return True
