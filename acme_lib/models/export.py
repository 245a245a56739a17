"""A learned model as ONNX: one float32 input `features` [n, k], one output `value` [n, 1]."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from acme_lib.models.learner import Fit
from acme_lib.models.network import MOST, Network
from acme_lib.models.trees import tree_node

if TYPE_CHECKING:
    import onnx

__all__ = ["OPSET", "onnx_model"]

OPSET, ML_OPSET, IR = 17, 3, 9  # what onnxruntime has read since 2022


def onnx_model(fit: Fit) -> bytes:
    """The whole model, members and network included."""
    from onnx import TensorProto, checker, helper

    graph = _Graph()
    parts = []
    if fit.boosters:
        graph.nodes.append(tree_node(fit.boosters, fit.columns, fit.fill, "features", "scores"))
        if fit.kind == "classification":
            graph.add("Sigmoid", ["scores"], "trees")
        parts.append(graph.scaled("trees" if fit.kind == "classification" else "scores", 1 - fit.recipe.net.weight))
    if fit.networks:
        seen = graph.add("Gather", ["features", graph.constant(np.array(fit.columns, dtype=np.int64))], "seen", axis=1)
        share = fit.recipe.net.weight / len(fit.networks)
        parts += [graph.scaled(graph.network(n, net, seen), share) for n, net in enumerate(fit.networks)]
    graph.add("Sum", parts, "value")
    shape = helper.make_tensor_value_info
    made = helper.make_graph(
        graph.nodes, "acme", [shape("features", TensorProto.FLOAT, [None, fit.width])],
        [shape("value", TensorProto.FLOAT, [None, 1])], graph.constants,
    )  # fmt: skip
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid("ai.onnx.ml", ML_OPSET)], ir_version=IR, producer_name="acme")  # fmt: skip
    checker.check_model(model)
    return bytes(model.SerializeToString())


class _Graph:
    """Nodes and constants while they are made; names are given here."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def add(self, op: str, inputs: list[str], name: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def constant(self, value: Any) -> str:
        from onnx import numpy_helper

        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def scaled(self, name: str, factor: float) -> str:
        return name if factor == 1 else self.add("Mul", [name, self.constant(np.float32(factor))], f"{name}_share")

    def network(self, number: int, net: Network, seen: str) -> str:
        """The layers of one network, named by its number."""

        def name(step: str) -> str:
            return f"net{number}_{step}"

        x = self.add("Sub", [seen, self.constant(net.mean)], name("centred"))
        x = self.add("Div", [x, self.constant(net.spread)], name("scaled"))
        unknown = self.add("IsNaN", [x], name("unknown"))
        x = self.add("Where", [unknown, self.constant(np.float32(0)), x], name("known"))
        x = self.add("Clip", [x, self.constant(np.float32(-MOST)), self.constant(np.float32(MOST))], name("clipped"))
        for n, (weight, bias) in enumerate(net.layers):
            if n:
                x = self.add("Relu", [x], name(f"relu{n}"))
            x = self.add("Gemm", [x, self.constant(weight), self.constant(bias)], name(f"layer{n}"))
        if net.logistic:
            return self.add("Sigmoid", [x], name("value"))
        return self.add("Mul", [x, self.constant(np.float32(net.scale))], name("value"))
