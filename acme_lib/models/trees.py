"""LightGBM's boosters as one ONNX tree ensemble that takes the same branch for every float32 vector.

A split's threshold is a double between two float32 values. Rounded to the nearest, it can fall onto the upper one and send
that row the other way (up to 2.5 cycles were measured); rounded down, `x <= threshold` is the same for every float32 x.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import lightgbm as lgb
    import onnx

__all__ = ["floor32", "tree_node"]

NODE = ("hitrates", "values", "featureids", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true")


def floor32(threshold: float) -> float:
    """The largest float32 that is not above `threshold`."""
    with np.errstate(over="ignore"):  # LightGBM's "no bound" is beyond float32
        near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))


def tree_node(boosters: Sequence[lgb.Booster], columns: Sequence[int], input_name: str, output: str) -> onnx.NodeProto:
    """The mean of the boosters' raw scores: float32[n, k] `input_name` -> float32[n, 1] `output`.

    `columns`: the place in the vector of each column that the boosters learned from.
    """
    from onnx import helper

    nodes: dict[str, list[Any]] = {name: [] for name in ("treeids", "nodeids", *NODE)}
    leaves: dict[str, list[Any]] = {"treeids": [], "nodeids": [], "ids": [], "weights": []}
    number = 0
    for booster in boosters:
        for tree in booster.dump_model()["tree_info"]:
            for node_id, row in enumerate(_rows(tree["tree_structure"], columns)):
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


def _rows(root: dict[str, Any], columns: Sequence[int]) -> Iterator[tuple[Any, ...]]:
    """One tuple a node in order of its id: the fields of NODE, then the leaf's value. Ids are given breadth first."""
    queue, next_id = [root], 1
    while queue:
        node = queue.pop(0)
        if "split_feature" not in node:
            yield (1.0, 0.0, 0, "LEAF", 0, 0, 0, float(node["leaf_value"]))
            continue
        # LightGBM sends NaN by default_left where it saw NaN in training, else as it would send 0
        missing = node["default_left"] if node["missing_type"] == "NaN" else node["threshold"] >= 0.0
        yield (
            1.0, floor32(node["threshold"]), int(columns[node["split_feature"]]), "BRANCH_LEQ", next_id, next_id + 1,
            int(missing), 0.0,
        )  # fmt: skip
        queue += [node["left_child"], node["right_child"]]
        next_id += 2
