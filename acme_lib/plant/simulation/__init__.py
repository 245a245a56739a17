"""The simulated plant: a pure function of its config."""

from acme_lib.plant.simulation.config import Config, outside_policy, started_ms
from acme_lib.plant.simulation.plant import expected_messages, simulate

__all__ = ["Config", "expected_messages", "outside_policy", "simulate", "started_ms"]
