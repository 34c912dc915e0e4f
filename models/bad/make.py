"""Writes model packages that must be refused, and some that must not be, each into a folder of its own.

    python models/bad/make.py OUT

The tests of `causeway model check` run it; what each package must be told stands there. Graphs are written node by node,
because no exporter writes such ones; those under `good-` come out of scikit-learn as they come.
"""

import hashlib
import os
import sys
from pathlib import Path

# Official builds of the runtime report to Microsoft otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

# The 14 features that every version of the gateway has.
NAMES = [
    "amount_usd_log10", "amount_to_mean", "person_count_1h", "person_count_24h", "person_amount_24h_log10",
    "seconds_since_last_log10", "person_declines_24h", "is_new_person", "hour_of_day", "is_weekend", "is_pay_out",
    "is_card", "session_age_log10", "quote_age_seconds",
]
WIDTH = len(NAMES)
RANDOM = np.random.default_rng(20261122)
ROWS = RANDOM.uniform(0, 1.9, (64, WIDTH)).astype(np.float32)

# Rows of a run of the gateway.
AT_ONCE = 16

# The scores of models that are better not run.
HALVES = np.full(len(ROWS), 0.5, dtype=np.float32)


def tensor(name: str, values) -> TensorProto:
    """A tensor of the graph."""
    return numpy_helper.from_array(np.asarray(values), name)


def floats(name: str, *shape: int) -> TensorProto:
    """A tensor of small random numbers."""
    return tensor(name, (RANDOM.standard_normal(shape) / 10).astype(np.float32))


def model(nodes, tensors=(), *, inputs=("n", WIDTH), outputs=("n", 1), opset=17, others=(), ir_version=10) -> bytes:
    """A model from `features` to `score`; the nodes must say how."""
    graph = helper.make_graph(
        list(nodes), "made",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, outputs)],
        list(tensors),
    )
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3), *others]
    return helper.make_model(graph, opset_imports=opsets, ir_version=ir_version).SerializeToString()


def node(op: str, inputs, outputs, **attributes):
    """A node; names of tensors as lists or as words with spaces between."""
    return helper.make_node(op, inputs.split(), outputs.split(), **attributes)


def logistic(*before, source: str = "features") -> tuple[list, list]:
    """A model that nothing is wrong with, behind nodes that something is wrong with."""
    nodes = [*before, node("Gemm", f"{source} w b", "logit"), node("Sigmoid", "logit", "score")]
    return nodes, [floats("w", WIDTH, 1), floats("b", 1)]


def run(data: bytes, output: str, read) -> np.ndarray:
    """The scores of ROWS, as many at once as the gateway scores; a half for each where the model does not run."""
    try:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        parts = (ROWS[first:first + AT_ONCE] for first in range(0, len(ROWS), AT_ONCE))
        scores = [read(session.run([output], {"features": part})[0]) for part in parts]
        return np.concatenate(scores).astype(np.float32)
    except Exception:  # Whatever a bad model does here, its package is written.
        return HALVES


def write(folder: Path, data: bytes, *, kind="probability", column="0", output="score", names=NAMES, scores=None,
          sha256=None, read=lambda found: found[:, 0]) -> None:
    """A package of format 2."""
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(data)
    scores = run(data, output, read) if scores is None else scores
    scores = scores if len(scores) == len(ROWS) else HALVES
    scores = np.where(np.isfinite(scores) & (scores >= 0) & (scores <= 1), scores, np.float32(0.5))
    quoted = ", ".join(f'"{name}"' for name in names)
    (folder / "manifest.toml").write_text(f"""\
format = 2
name = "{folder.name}"
version = 1
file = "model.onnx"
sha256 = "{sha256 or hashlib.sha256(data).hexdigest()}"

[input]
name = "features"
features = [{quoted}]

[output]
name = "{output}"
kind = "{kind}"
column = {column}

[thresholds]
step_up = 0.4
review = 0.6
decline = 0.8
""", encoding="utf-8")
    lines = [",".join([*names, "score"])]
    lines += [",".join(str(number) for number in (*row, score)) for row, score in zip(ROWS, scores, strict=True)]
    (folder / "golden.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def sigmoid(values: np.ndarray) -> np.ndarray:
    """In double precision."""
    return (1 / (1 + np.exp(-values.astype(np.float64)))).astype(np.float32)


def packages(out: Path) -> None:
    """What is wrong with the package as a whole."""
    sound = model(*logistic())
    write(out / "good-logistic", sound)
    write(out / "wrong-checksum", sound, sha256="0" * 64)
    write(out / "unknown-feature", sound, names=["amount_usd_log1p", *NAMES[1:]])
    off = run(sound, "score", lambda found: found[:, 0])
    off[2] += np.float32(2e-5)
    write(out / "golden-off", sound, scores=off)
    nodes, tensors = logistic()
    write(out / "good-logit", model(nodes[:-1] + [node("Identity", "logit", "score")], tensors), kind="logit",
          read=lambda found: sigmoid(found[:, 0]))
    write(out / "not-onnx", b"PK\x03\x04 this is no model")


def graphs(out: Path) -> None:
    """What the structure of a graph gives away."""
    body = helper.make_graph(
        [node("Identity", "on", "on_out"), node("Exp", "x", "x_out")], "body",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("on", TensorProto.BOOL, []),
         helper.make_tensor_value_info("x", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("on_out", TensorProto.BOOL, []),
         helper.make_tensor_value_info("x_out", TensorProto.FLOAT, None)])
    nodes, tensors = logistic(helper.make_node("Loop", ["", "yes", "features"], ["x"], body=body), source="x")
    # It would run for ever here as well.
    write(out / "loop", model(nodes, [*tensors, tensor("yes", np.array(True))]), scores=HALVES)
    nodes, tensors = logistic(helper.make_node("Score", ["features"], ["x"], domain="my.company"), source="x")
    write(out / "custom-operator", model(nodes, tensors, others=[helper.make_opsetid("my.company", 1)]))
    write(out / "opset", model(*logistic(), opset=27))
    nodes, tensors = logistic(node("RandomNormalLike", "features", "x"), source="x")
    write(out / "random", model(nodes, tensors))
    nodes, tensors = logistic(node("ConstantOfShape", "size", "big"), node("ReduceMax", "big", "most"),
                              node("Add", "features most", "x"), source="x")
    write(out / "constant-of-shape", model(nodes, [*tensors, tensor("size", np.array([1 << 33]))]), scores=HALVES)
    outside = floats("w", WIDTH, 1)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    outside.external_data.add(key="location", value="../../../etc/passwd")
    nodes, tensors = logistic()
    write(out / "external-data", model(nodes, [outside, tensors[1]]))
    wide = [node("MatMul", "features wide", "x"), node("MatMul", "x narrow", "logit"), node("Sigmoid", "logit", "score")]
    write(out / "too-many-weights", model(wide, [floats("wide", WIDTH, 300_000), floats("narrow", 300_000, 1)]))
    write(out / "fixed-batch", model(*logistic(), inputs=(1, WIDTH), outputs=(1, 1)))
    write(out / "deep-trees", trees(30, 1_000))
    write(out / "looping-tree", trees(1, 5, back=True))


def runs(out: Path) -> None:
    """What is seen when it runs, and not before."""
    nodes, tensors = logistic(node("Neg", "features", "minus"), node("Log", "minus", "x"), source="x")
    write(out / "not-a-number", model(nodes, tensors))
    nodes, tensors = logistic()
    write(out / "infinite", model([*nodes[:-1], node("Div", "logit zero", "score")], [*tensors, tensor("zero", np.float32([0]))]))
    write(out / "above-one", model([*nodes[:-1], node("Exp", "logit", "e"), node("Add", "e e", "score")], tensors))
    lying = [node("Reshape", "features twice", "x"), node("Gemm", "x half b", "logit"), node("Sigmoid", "logit", "score")]
    write(out / "shape-that-lies",
          model(lying, [tensor("twice", np.array([-1, 7])), floats("half", 7, 1), floats("b", 1)], outputs=("n", 1)))
    fixed = [node("Reshape", "features one", "x"), node("Gemm", "x w b", "logit"), node("Sigmoid", "logit", "score")]
    write(out / "batch-that-lies", model(fixed, [tensor("one", np.array([AT_ONCE, WIDTH])), floats("w", WIDTH, 1), floats("b", 1)]))
    write(out / "over-the-batch", model([node("Gemm", "features w b", "logit"), node("Softmax", "logit", "score", axis=0)],
                                        logistic()[1]))
    doubled = [node("Concat", f"{'x' + str(step - 1) if step else 'features'} " * 2, f"x{step}", axis=1) for step in range(26)]
    nodes = [*doubled, node("ReduceMax", "x25", "most", axes=[1]), node("Sigmoid", "most", "score")]
    write(out / "allocates-wildly", model(nodes), scores=HALVES)
    slow = [node("MatMul", "features wide", "x0")]
    slow += [node("Erf", f"x{step}", f"x{step + 1}") for step in range(300)]
    slow += [node("MatMul", "x300 narrow", "logit"), node("Sigmoid", "logit", "score")]
    write(out / "too-slow", model(slow, [floats("wide", WIDTH, 4_000), floats("narrow", 4_000, 1)]))
    write(out / "trap", trees(10, 1_990))


def trees(count: int, depth: int, *, back: bool = False) -> bytes:
    """Trees that end at once for amounts below 100 dollars, and go down as deep as that for others."""
    lists = {name: [] for name in ("treeids", "nodeids", "featureids", "truenodeids", "falsenodeids", "modes", "values")}
    leaves = []
    for tree in range(count):
        last = depth
        for place in range(depth + 1):
            # A node leads to the leaf at the end, or on: the first one decides, the others never end early.
            step = (place + 1) if place + 1 < last else last + 1
            is_leaf = place >= last
            row = (tree, place, 0, last, 0 if back and step > last else step, "LEAF" if is_leaf else "BRANCH_LT",
                   0.0 if is_leaf else (2.0 if place == 0 else -1.0))
            for name, value in zip(lists, row, strict=True):
                lists[name].append(value)
        for name, value in zip(lists, (tree, last + 1, 0, 0, 0, "LEAF", 0.0), strict=True):
            lists[name].append(value)
        leaves += [(tree, last, 0.2 / count), (tree, last + 1, 0.7 / count)]
    attributes = {f"nodes_{name}": values for name, values in lists.items()}
    made = helper.make_node(
        "TreeEnsembleRegressor", ["features"], ["score"], domain="ai.onnx.ml", n_targets=1, **attributes,
        target_treeids=[leaf[0] for leaf in leaves], target_nodeids=[leaf[1] for leaf in leaves],
        target_ids=[0] * len(leaves), target_weights=[leaf[2] for leaf in leaves])
    return model([made])


def exported(out: Path) -> None:
    """Classifiers as scikit-learn exports them."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows = RANDOM.uniform(0, 5, (800, WIDTH)).astype(np.float32)
    labels = (rows[:, 0] + rows[:, 3] + RANDOM.standard_normal(800) > 6).astype(int)
    types = [("features", FloatTensorType([None, WIDTH]))]
    plain = {
        "good-boosting": GradientBoostingClassifier(n_estimators=30),
        "good-forest": RandomForestClassifier(n_estimators=30, max_depth=8),
        "good-perceptron": make_pipeline(StandardScaler(), MLPClassifier((32, 16), max_iter=60)),
    }
    for name, classifier in plain.items():
        fitted = classifier.fit(rows, labels)
        data = to_onnx(fitted, target_opset=17, options={id(fitted): {"zipmap": False}}, initial_types=types)
        write(out / name, data.SerializeToString(), output="probabilities", column="1", read=lambda found: found[:, 1])
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)
    data = to_onnx(fitted, target_opset=17, initial_types=types).SerializeToString()
    write(out / "good-map", data, kind="map", output="output_probability", column="1",
          read=lambda found: [row[1] for row in found])
    write(out / "map-without-class", data, kind="map", output="output_probability", column="7")
    write(out / "map-as-column", data, output="output_probability")
    words = np.array(["honest", "fraud"])[labels]
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, words)
    data = to_onnx(fitted, target_opset=17, initial_types=types).SerializeToString()
    write(out / "good-word-map", data, kind="map", output="output_probability", column='"fraud"',
          read=lambda found: [row["fraud"] for row in found])


def main() -> int:
    """Writes all of them; 2 when it is not said where."""
    if len(sys.argv) != 2:
        print("usage: python models/bad/make.py OUT", file=sys.stderr)
        return 2
    out = Path(sys.argv[1])
    for make in (packages, graphs, runs, exported):
        make(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
