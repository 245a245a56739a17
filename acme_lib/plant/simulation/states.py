"""Equipment states and why they change: production with its interruptions, failure, repair (PackML-like)."""

from __future__ import annotations

from dataclasses import dataclass

from acme_lib.plant.simulation.draws import Draws
from acme_lib.plant.simulation.wear import WearLaw

__all__ = ["FAILURE_MODES", "Happening", "Operation"]

# what a run of production is interrupted by: weight, mean seconds, reasons
STOPS: dict[str, tuple[float, float, dict[str, float]]] = {
    "IDLE": (2, 240, {"no_order": 1}),
    "STARVED": (3, 150, {"material_short": 2, "upstream_stopped": 1}),
    "BLOCKED": (2, 120, {"downstream_full": 1}),
    "HELD": (1, 300, {"operator_break": 2, "quality_check": 1}),
    "STOPPED": (1, 600, {"changeover": 2, "planned_stop": 1}),
}
RUN_MEAN_S = 1500.0
WAIT_FOR_REPAIR_S, REPAIR_S = (180.0, 600.0), (600.0, 1500.0)
PREVENTIVE_AT = 0.8  # of wear: here the planner may take the machine out before it fails
PREVENTIVE_SHARE = 0.3
FAILURE_MODES: dict[str, dict[str, str]] = {  # class -> failure mode -> component that is replaced
    "dryer": {"drive_bearing_seized": "drive_bearing", "fan_unbalanced": "fan"},
    "pump": {"seal_leak": "shaft_seal", "bearing_seized": "bearing"},
    "motor": {"bearing_seized": "bearing", "winding_short": "winding"},
    "compressor": {"oil_overheated": "oil_separator", "rotor_contact": "rotor"},
}
ANY_CLASS = {"worn_out": "wear_part"}


@dataclass(frozen=True)
class Happening:
    """Something on the UNS besides measurements: tag `failure` or `maintenance` and its value."""

    tag: str
    value: str


class Operation:
    """State, reason and wear of one machine, stepped through time."""

    def __init__(self, draws: Draws, equipment_class: str, law: WearLaw, wear: float) -> None:
        self._draws, self._law = draws, law
        self._modes = FAILURE_MODES.get(equipment_class, ANY_CLASS)
        self._component = ""
        self._planned = draws.uniform() < PREVENTIVE_SHARE
        self.wear, self.repairs = wear, 0
        self.state, self.reason, self.left_s = "EXECUTE", "", draws.exponential(RUN_MEAN_S)

    @property
    def running(self) -> bool:
        return self.state == "EXECUTE"

    def run_to_failure(self) -> None:
        """No planned maintenance until the next repair."""
        self._planned = False

    def step(self, seconds: float, load: float) -> Happening | None:
        """Lets `seconds` pass; at most one thing happens in a step."""
        if self.running:
            self.wear = min(1.0, self._law.grown(self.wear, load, seconds / 3600))
            if self.wear >= 1:
                return self._fail()
        self.left_s -= seconds
        return self._next() if self.left_s <= 0 else None

    def _fail(self) -> Happening:
        mode = self._draws.choice(dict.fromkeys(self._modes, 1.0))
        self._component = self._modes[mode]
        self._enter("ABORTED", mode, self._draws.uniform(*WAIT_FOR_REPAIR_S))
        return Happening("failure", mode)

    def _next(self) -> Happening | None:
        if self.state == "ABORTED":
            return self._enter("MAINTENANCE", self._component, self._draws.uniform(*REPAIR_S))
        if self.state == "MAINTENANCE":
            return self._repaired()
        if not self.running:
            return self._enter("EXECUTE", "", self._draws.exponential(RUN_MEAN_S))
        if self._planned and self.wear >= PREVENTIVE_AT:
            self._component = next(iter(self._modes.values()))
            return self._enter("MAINTENANCE", "preventive", self._draws.uniform(*REPAIR_S))
        stop = self._draws.choice({name: weight for name, (weight, _, _) in STOPS.items()})
        _, mean_s, reasons = STOPS[stop]
        return self._enter(stop, self._draws.choice(reasons), 20 + self._draws.exponential(mean_s))

    def _repaired(self) -> Happening:
        done = Happening("maintenance", self._component)
        self.wear, self.repairs = 0.02, self.repairs + 1
        self._planned = self._draws.uniform() < PREVENTIVE_SHARE
        self._enter("IDLE", "no_order", 60.0)
        return done

    def _enter(self, state: str, reason: str, seconds: float) -> Happening | None:
        """A change of state by itself is no happening."""
        self.state, self.reason, self.left_s = state, reason, seconds
        return None
