"""Random draws of one machine: a numpy Generator of its own, so that adding a machine changes no other."""

from __future__ import annotations

import math
from zlib import crc32

import numpy as np

__all__ = ["Draws", "Drift"]


class Draws:
    """Scalars from a buffered generator, seeded by (seed, name). Same pair, same draws."""

    def __init__(self, seed: int, name: str) -> None:
        self._rng = np.random.Generator(np.random.PCG64([seed, crc32(name.encode())]))
        self._normal: list[float] = []
        self._uniform: list[float] = []

    def normal(self) -> float:
        if not self._normal:
            self._normal = self._rng.standard_normal(512).tolist()
        return self._normal.pop()

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        if not self._uniform:
            self._uniform = self._rng.random(512).tolist()
        return low + (high - low) * self._uniform.pop()

    def exponential(self, mean: float) -> float:
        return -mean * math.log1p(-self.uniform())

    def choice(self, weights: dict[str, float]) -> str:
        """One key, with probability in proportion to its weight."""
        left = self.uniform(0.0, sum(weights.values()))
        for name, weight in weights.items():
            left -= weight
            if left < 0:
                return name
        return next(reversed(weights))


class Drift:
    """Smooth noise of mean 0 (Ornstein-Uhlenbeck): `sigma` at rest, forgotten over `tau_s`, whatever the step."""

    __slots__ = ("_draws", "_sigma", "_tau_s", "value")

    def __init__(self, draws: Draws, sigma: float, tau_s: float) -> None:
        self._draws, self._sigma, self._tau_s = draws, sigma, tau_s
        self.value = sigma * draws.normal()

    def step(self, seconds: float) -> float:
        keep = math.exp(-seconds / self._tau_s)
        self.value = keep * self.value + math.sqrt(1 - keep * keep) * self._sigma * self._draws.normal()
        return self.value
