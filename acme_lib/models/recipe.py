"""How a model is made: trees, a small network beside them, and which features they see; plain data, so that it can be tuned."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from acme_lib.features import window_of

__all__ = ["BASELINE", "Net", "Recipe", "Trees"]


class Trees(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """LightGBM: boosted trees. Names as LightGBM has them."""

    rounds: int = 400
    learning_rate: float = 0.03
    num_leaves: int = 15
    min_data_in_leaf: int = 50
    feature_fraction: float = 0.2
    bagging_fraction: float = 0.7
    lambda_l2: float = 5.0
    lambda_l1: float = 0.0
    max_bin: int = 255  # places where a column may be cut: more where a limit is sharp and what lies beyond it rare
    min_data_in_bin: int = 3


class Net(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A perceptron on the standardised features. `weight`: its share of the answer, 0 for none."""

    weight: float = 0.0
    copies: int = 2  # of each member, differing in how they begin: their mean is much steadier than one
    hidden: tuple[int, ...] = (64, 32)
    alpha: float = 1.0
    learning_rate: float = 1e-3
    epochs: int = 15


class Recipe(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`windows`: windowed features of other windows are left out (None: all are seen). `members` differ in seed only."""

    trees: Trees = Trees()
    net: Net = Net()
    windows: tuple[int, ...] | None = None
    without: tuple[str, ...] = ()  # features whose name begins so are left out
    members: int = 5

    def columns(self, names: Sequence[str]) -> list[int]:
        """Places in the vector that the model sees."""
        seen = [n for n, name in enumerate(names) if not name.startswith(self.without or ("\0",))]
        return [n for n in seen if self.windows is None or window_of(names[n]) in (None, *self.windows)]


BASELINE = Recipe(members=1)
