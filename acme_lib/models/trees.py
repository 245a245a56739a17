"""LightGBM's boosters as one ONNX tree ensemble that takes the same branch for every float32 vector.

A split's threshold is a double between two float32 values. Rounded to the nearest, it can fall onto the upper one and send
that row the other way (up to 2.5 cycles were measured); rounded down, `x <= threshold` is the same for every float32 x.

A missing value that is to be filled needs no step of its own: each node already says where it sends NaN, so it sends it where
the fill would go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import lightgbm as lgb
    import onnx

__all__ = ["floor32", "tree_node"]

Fill = npt.NDArray[np.float32]
NODE = ("hitrates", "values", "featureids", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")


def floor32(threshold: float) -> float:
    """The largest float32 that is not above `threshold`."""
    with np.errstate(over="ignore"):  # LightGBM's "no bound" is beyond float32
        near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))


def tree_node(boosters: Sequence[lgb.Booster], columns: Sequence[int], fill: Fill, input_name: str, output: str) -> onnx.NodeProto:  # fmt: skip
    """The mean of the boosters' raw scores: float32[n, k] `input_name` -> float32[n, 1] `output`.

    `columns`: the place in the vector of each column that the boosters learned from; `fill`: what each reads where it is
    missing, NaN for LightGBM's own branch.
    """
    from onnx import helper

    nodes: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", *NODE)}
    leaves: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    number = 0
    for booster in boosters:
        for tree in booster.dump_model()["tree_info"]:
            for node_id, row in enumerate(_rows(tree["tree_structure"], columns, fill)):
                nodes["treeids"].append(number)
                nodes["nodeids"].append(node_id)
                for name, value in zip(NODE, row[:-1], strict=True):
                    nodes[name].append(value)
                if row[3] == "LEAF":
                    leaves["treeids"].append(number)
                    leaves["nodeids"].append(node_id)
                    leaves["ids"].append(0)
                    leaves["weights"].append(row[-1] / len(boosters))
            number += 1
    return helper.make_node(
        "TreeEnsembleRegressor", [input_name], [output], domain="ai.onnx.ml", n_targets=1, aggregate_function="SUM",
        post_transform="NONE", **{f"nodes_{k}": v for k, v in nodes.items()}, **{f"target_{k}": v for k, v in leaves.items()},
    )  # fmt: skip


def _rows(root: dict[str, Any], columns: Sequence[int], fill: Fill) -> Iterator[tuple[Any, ...]]:
    """One tuple a node in order of its id: the fields of NODE, then the leaf's value. Ids are given breadth first."""
    queue, next_id = [root], 1
    while queue:
        node = queue.pop(0)
        if "split_feature" not in node:
            yield (1.0, 0.0, 0, "LEAF", 0, 0, 0, float(node["leaf_value"]))
            continue
        yield (
            1.0, floor32(node["threshold"]), int(columns[node["split_feature"]]), "BRANCH_LEQ", next_id, next_id + 1,
            int(_missing_goes_left(node, float(fill[node["split_feature"]]))), 0.0,
        )  # fmt: skip
        queue += [node["left_child"], node["right_child"]]
        next_id += 2


def _missing_goes_left(node: dict[str, Any], fill: float) -> bool:
    """Where the fill goes; without one by default_left, or as 0 where LightGBM's sample of a long training held no NaN."""
    if not np.isnan(fill):
        return fill <= float(node["threshold"])
    return bool(node["default_left"]) if node["missing_type"] == "NaN" else float(node["threshold"]) >= 0.0
