"""Several LightGBM models as one ONNX graph: a single tree ensemble whose output is the mean of their logits.

The graph is written here rather than by a converter so that it decides exactly as LightGBM does: a threshold is
rounded down to float32, and a float32 feature is at or below the one exactly when it is at or below the other.
"""

from collections.abc import Iterator
from typing import Any

import lightgbm
import numpy as np
import onnx
from onnx import TensorProto, helper

INPUT, OUTPUT = "features", "logit"

NODE = ("treeids", "nodeids", "modes", "featureids", "values", "truenodeids", "falsenodeids")
TARGET = ("treeids", "nodeids", "ids", "weights")


def to_onnx(boosters: list[lightgbm.Booster]) -> bytes:
    """The graph: float32 [n, features] in, float32 [n, 1] out, the logit of the probability of fraud."""
    trees = [tree["tree_structure"] for booster in boosters for tree in booster.dump_model()["tree_info"]]
    columns: dict[str, list] = {f"nodes_{name}": [] for name in NODE} | {f"target_{name}": [] for name in TARGET}
    for number, tree in enumerate(trees):
        for index, node in enumerate(flatten(tree)):
            for name, value in zip(NODE, (number, index, *node[:-1]), strict=True):
                columns[f"nodes_{name}"].append(value)
            if node[0] == "LEAF":
                # Divided here, not by the graph: a sum of float32 is all that is left to do.
                for name, value in zip(TARGET, (number, index, 0, node[-1] / len(boosters)), strict=True):
                    columns[f"target_{name}"].append(value)
    node = helper.make_node(
        "TreeEnsembleRegressor", [INPUT], [OUTPUT], domain="ai.onnx.ml", n_targets=1, post_transform="NONE", **columns
    )
    shapes = [
        helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, boosters[0].num_feature()]),
        helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, [None, 1]),
    ]
    graph = helper.make_graph([node], "causeway", shapes[:1], shapes[1:])
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10, producer_name="causeway")
    onnx.checker.check_model(model)
    return model.SerializeToString(deterministic=True)


def flatten(tree: dict[str, Any]) -> Iterator[tuple]:
    """The nodes of a tree, root first: mode, feature, threshold, indices of the two children, value of a leaf."""
    nodes = [tree]
    for node in nodes:  # grows while it is walked
        if "leaf_value" in node:
            yield "LEAF", 0, 0.0, 0, 0, float(node["leaf_value"])
            continue
        if node["decision_type"] != "<=" or node["missing_type"] != "None":
            raise ValueError(f"a node that ONNX decides otherwise: {node['decision_type']}, {node['missing_type']}")
        yield "BRANCH_LEQ", node["split_feature"], at_most(node["threshold"]), len(nodes), len(nodes) + 1, 0.0
        nodes += [node["left_child"], node["right_child"]]


def at_most(threshold: float) -> float:
    """The largest float32 that is not above the threshold."""
    near = np.float32(threshold)
    return float(near if float(near) <= threshold else np.nextafter(near, np.float32(-np.inf)))
