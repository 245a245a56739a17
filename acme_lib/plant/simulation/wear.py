"""Wear: grows faster the more of it there is and the harder the machine works; at 1 the machine fails."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["WearLaw"]


@dataclass(frozen=True)
class WearLaw:
    """dw/dt = rate (1 + acceleration w) load^2 while running, with `rate` such that full load wears 0 to 1 in `life_h`.

    Solved exactly, so that a long step equals its parts: grown(w, load, a + b) == grown(grown(w, load, a), load, b).
    """

    life_h: float
    acceleration: float = 4.0

    def grown(self, wear: float, load: float, hours: float) -> float:
        """Wear after `hours` of running at `load` (1 is full load)."""
        exponent = math.log1p(self.acceleration) * load * load * hours / self.life_h
        return ((1 + self.acceleration * wear) * math.exp(exponent) - 1) / self.acceleration

    def hours_left(self, wear: float, load: float = 1.0) -> float:
        """Running hours until failure at constant `load`."""
        if wear >= 1:
            return 0.0
        ratio = (1 + self.acceleration) / (1 + self.acceleration * wear)
        return self.life_h * math.log(ratio) / (math.log1p(self.acceleration) * load * load)

    def worn_so_that(self, hours_left: float, load: float = 1.0) -> float:
        """The wear from which failure is `hours_left` running hours away; 0 where a new machine would outlast none."""
        left = math.exp(math.log1p(self.acceleration) * load * load * hours_left / self.life_h)
        return max(0.0, ((1 + self.acceleration) / left - 1) / self.acceleration)
