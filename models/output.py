"""What a model's graph gives, and how one fraud score a row is made of it.

Exporters differ in this and in nothing else that matters: scikit-learn, LightGBM and XGBoost give a label beside
probabilities (a tensor, or a map of class to probability), a network often only the logit.
"""

import os
from dataclasses import dataclass

import numpy as np

# Read by the library when it is loaded: without it, it reports to its makers how it is used.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime  # noqa: E402

FLOATS = "tensor(float)"
MAPS = ("seq(map(int64,tensor(float)))", "seq(map(string,tensor(float)))")
KINDS = ("probability", "logit", "map")

# The rows of a tensor of probabilities sum to 1, up to float32.
SUM_TOLERANCE = 1e-4

# Sums of many trees may be a rounding beyond 0 and 1: the gateway takes them for 0 and 1, and so does this.
ROUNDING = 1e-5


@dataclass(frozen=True)
class Output:
    """Which output of the graph holds the score.

    Kind `probability` and `logit`: a float32 tensor [n, k] and the column of fraud (0 for [n] and [n, 1]). Kind `map`:
    a ZipMap, and the class of fraud as its key, a whole number or a text.
    """

    name: str
    kind: str
    column: int | str


def load(model: bytes) -> onnxruntime.InferenceSession:
    """The model, to be run on one thread as the engine does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def input_name(session: onnxruntime.InferenceSession, features: int) -> str:
    """The name of the one input. Says what is wrong when it is not float32 [any number of rows, features]."""
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ValueError(f"The model has {len(inputs)} inputs; export it with one, a float32 tensor of all features.")
    (found,) = inputs
    if found.type != FLOATS:
        raise ValueError(f"The model's input is {found.type}; export it with {FLOATS}, float32.")
    rows, columns = found.shape if len(found.shape) == 2 else (0, 0)
    if isinstance(rows, int) or columns not in (None, features) and not isinstance(columns, str):
        raise ValueError(f"The model's input has shape {found.shape}; it must be [n, {features}] with n left open.")
    return found.name


def score(session: onnxruntime.InferenceSession, output: Output, rows: np.ndarray) -> np.ndarray:
    """The fraud score of each row, float32 [n], by ONNX Runtime; rows are float32 [n, features]."""
    column = _column(session, output, rows)
    if output.kind != "logit":
        return np.where(_nearly_inside(column), column.clip(0, 1), column)
    # In float64 and rounded once, so that every engine gets the same float32.
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(-column.astype(np.float64)))).astype(np.float32)


def _nearly_inside(values: np.ndarray) -> np.ndarray:
    """Of each value whether it lies in [0, 1], up to a rounding."""
    return (values >= -ROUNDING) & (values <= 1 + ROUNDING)


def _column(session: onnxruntime.InferenceSession, output: Output, rows: np.ndarray) -> np.ndarray:
    """What the graph gives for the rows, float32 [n]. Raises ValueError where it gives no such thing."""
    if output.kind not in KINDS:
        raise ValueError(f"The output's kind is {output.kind!r}; it must be one of {', '.join(KINDS)}.")
    given = {each.name: each.type for each in session.get_outputs()}
    if output.name not in given:
        raise ValueError(f"The model has no output {output.name!r}; it has {', '.join(given)}.")
    if given[output.name] not in (MAPS if output.kind == "map" else (FLOATS,)):
        raise ValueError(f"The output {output.name} is {given[output.name]}, which is no {output.kind}.")
    (values,) = session.run([output.name], {session.get_inputs()[0].name: rows})
    if output.kind == "map":
        if any(output.column not in row for row in values):
            raise ValueError(f"The output {output.name} has no class {output.column!r}; it has {sorted(values[0])}.")
        return np.array([row[output.column] for row in values], dtype=np.float32)
    table = values.reshape(len(rows), -1)
    if output.column not in range(table.shape[1]):
        raise ValueError(f"The output {output.name} has no column {output.column!r}; it has {table.shape[1]}, from 0.")
    return table[:, output.column]


def find(session: onnxruntime.InferenceSession, rows: np.ndarray) -> Output:
    """The output that holds the score, told by what the model gives for the rows.

    One column with a value outside of [0, 1] is taken for a logit, which is said. Raises ValueError where the numbers cannot
    tell.
    """
    candidates = [each for each in session.get_outputs() if each.type in (FLOATS, *MAPS)]
    if len(candidates) != 1:
        given = ", ".join(f"{each.name} {each.type}" for each in session.get_outputs())
        raise ValueError(f"Of the outputs ({given}) not just one can be the score: say which with Output(...).")
    (found,) = candidates
    (values,) = session.run([found.name], {session.get_inputs()[0].name: rows})
    if found.type in MAPS:
        classes = sorted(values[0])
        if classes != [0, 1]:
            raise ValueError(f"The classes are {classes}: say which is fraud with Output({found.name!r}, 'map', …).")
        return Output(found.name, "map", 1)
    table = values.reshape(len(rows), -1)
    inside = bool(_nearly_inside(table).all())
    if table.shape[1] == 1 and inside:
        return Output(found.name, "probability", 0)
    if table.shape[1] == 1:
        print(
            f"warning: the output {found.name} gives {table.min():.4g} to {table.max():.4g}, so it is taken for a logit, and the "
            "score is its sigmoid. If it is no log odds, as with a regressor, train a classifier, or say what it is with "
            "Output(...)."
        )
        return Output(found.name, "logit", 0)
    if table.shape[1] == 2 and inside and np.abs(table.sum(axis=1) - 1).max() <= SUM_TOLERANCE:
        return Output(found.name, "probability", 1)
    raise ValueError(
        f"The output {found.name} has {table.shape[1]} columns that are not the probabilities of two classes: "
        "say which column is fraud with Output(...)."
    )
