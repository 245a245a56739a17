"""What tuning may choose: LightGBM's parameters, which windows the model sees, the network's share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from acme_lib.features import window_of
from acme_lib.models.recipe import Recipe

__all__ = ["described", "recipe_at", "space", "window_choices"]

RANGES: dict[str, tuple[str, float, float]] = {
    "learning_rate": ("log", 0.015, 0.08),
    "num_leaves": ("whole", 7, 47),
    "min_data_in_leaf": ("whole", 20, 150),
    "feature_fraction": ("even", 0.1, 0.5),
    "bagging_fraction": ("even", 0.5, 0.9),
    "lambda_l2": ("log", 0.5, 30.0),
    "lambda_l1": ("even", 0.0, 2.0),
    "rounds": ("whole", 150, 500),
}
MOST_WEIGHT = 0.7
LONGEST = 3  # single windows offered


def window_choices(names: Sequence[str]) -> list[tuple[int, ...] | None]:
    """All windows, the longest singly, and the pair of the longest with the second shortest; what the features hold."""
    there = sorted({w for name in names if (w := window_of(name)) is not None})
    if len(there) < 2:
        return [None]
    return [None, *((w,) for w in there[-LONGEST:]), (there[min(1, len(there) - 2)], there[-1])]


def space(names: Sequence[str], with_network: bool) -> dict[str, Any]:
    """Hyperopt's space."""
    from hyperopt import hp

    makers = {
        "log": lambda name, low, high: hp.loguniform(name, _ln(low), _ln(high)),
        "whole": lambda name, low, high: hp.quniform(name, low, high, 1),
        "even": hp.uniform,
    }
    found = {name: makers[kind](name, low, high) for name, (kind, low, high) in RANGES.items()}
    found["windows"] = hp.choice("windows", window_choices(names))
    return {**found, "weight": hp.uniform("weight", 0, MOST_WEIGHT)} if with_network else found


def recipe_at(base: Recipe, point: dict[str, Any]) -> Recipe:
    """The recipe of a point."""
    values = {n: int(point[n]) if kind == "whole" else float(point[n]) for n, (kind, _, _) in RANGES.items()}
    trees = msgspec.structs.replace(base.trees, **values)
    net = msgspec.structs.replace(base.net, weight=float(point.get("weight", base.net.weight)))
    windows = None if point["windows"] is None else tuple(point["windows"])
    return msgspec.structs.replace(base, trees=trees, net=net, windows=windows)


def described(names: Sequence[str]) -> list[dict[str, str]]:
    """The space for a reader."""
    rows = [{"parameter": n, "kind": kind, "from": f"{low:g}", "to": f"{high:g}"} for n, (kind, low, high) in RANGES.items()]  # fmt: skip
    choices = [{"parameter": "windows", "kind": "choice", "from": str(c), "to": ""} for c in window_choices(names)]
    return [*rows, *choices, {"parameter": "weight", "kind": "even", "from": "0", "to": f"{MOST_WEIGHT:g}"}]


def _ln(value: float) -> float:
    from math import log

    return log(value)
