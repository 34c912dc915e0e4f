"""Which output holds the score, told from tiny graphs of every shape that exporters give."""

import contextlib
import io
import unittest

import numpy as np
from onnx import TensorProto, helper

import output as outputs
from output import Output

ROWS = np.array([[-2.0, 0.25], [3.0, 0.75]], dtype=np.float32)


def graph(*nodes: tuple, rows: str | int = "n", given: tuple = (), type: int = TensorProto.FLOAT) -> object:
    """A model with the input x, two features; a node is an operator, its inputs, its output and its attributes."""
    made = [
        helper.make_node(operator, inputs, [result], domain="ai.onnx.ml" if operator == "ZipMap" else "", **attributes)
        for operator, inputs, result, attributes in nodes
    ]
    results = [helper.make_tensor_value_info(node[2], TensorProto.FLOAT, None) for node in nodes if node[2] != "map"]
    results += [helper.make_empty_tensor_value_info("map") for node in nodes if node[2] == "map"]
    inputs = [helper.make_tensor_value_info("x", type, [rows, 2])]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in given]
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 1)]
    model = helper.make_model(helper.make_graph(made, "g", inputs, results), opset_imports=opsets, ir_version=8)
    return outputs.load(model.SerializeToString())


SUM = ("ReduceMax", ["x"], "sum", {"axes": [1], "keepdims": 0})
LOGIT = ("ReduceMin", ["x"], "logit", {"axes": [1]})
SOFTMAX = ("Softmax", ["x"], "both", {})


class FindTest(unittest.TestCase):
    def test_every_shape(self) -> None:
        for nodes, expect in [
            ([LOGIT], Output("logit", "logit", 0)),
            ([SUM], Output("sum", "logit", 0)),
            ([("Sigmoid", ["x"], "s", {})], None),
            ([SOFTMAX], Output("both", "probability", 1)),
            ([("ZipMap", ["x"], "map", {"classlabels_int64s": [0, 1]})], Output("map", "map", 1)),
            ([("ZipMap", ["x"], "map", {"classlabels_int64s": [1, 2]})], None),
            ([("ZipMap", ["x"], "map", {"classlabels_strings": ["fraud", "honest"]})], None),
            ([SOFTMAX, LOGIT], None),
        ]:
            with self.subTest(nodes=nodes):
                session = graph(*nodes)
                if expect is None:
                    with self.assertRaisesRegex(ValueError, "say which"):
                        outputs.find(session, ROWS)
                else:
                    self.assertEqual(outputs.find(session, ROWS), expect)

    def test_one_column_of_probabilities(self) -> None:
        self.assertEqual(outputs.find(graph(SUM), ROWS / 8 + 0.5), Output("sum", "probability", 0))


    def test_a_rounding_beyond_is_a_probability_and_more_is_a_logit_which_is_said(self) -> None:
        near = np.array([[0.5, 1.0000005], [-1e-6, -2e-6]], dtype=np.float32)
        session = graph(SUM)
        found = outputs.find(session, near)
        self.assertEqual(found, Output("sum", "probability", 0))
        np.testing.assert_array_equal(outputs.score(session, found, near), np.array([1, 0], dtype=np.float32))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            self.assertEqual(outputs.find(session, near + 0.1).kind, "logit")
        self.assertRegex(said.getvalue(), "gives 0.1 to 1.1, so it is taken for a logit")


class ScoreTest(unittest.TestCase):
    def test_every_kind(self) -> None:
        words = ("ZipMap", ["x"], "map", {"classlabels_strings": ["fraud", "honest"]})
        for nodes, output, expect in [
            ([LOGIT], Output("logit", "logit", 0), [1 / (1 + np.exp(2)), 1 / (1 + np.exp(-0.75))]),
            ([SUM], Output("sum", "probability", 0), [0.25, 3]),
            ([words], Output("map", "map", "fraud"), [-2, 3]),
        ]:
            with self.subTest(output=output):
                score = outputs.score(graph(*nodes), output, ROWS)
                self.assertEqual(score.dtype, np.float32)
                np.testing.assert_array_equal(score, np.array(expect, dtype=np.float32))

    def test_what_is_not_there_is_said(self) -> None:
        session = graph(LOGIT, ("ZipMap", ["x"], "map", {"classlabels_int64s": [0, 1]}))
        for output, expect in [
            (Output("logit", "odds", 0), "must be one of probability, logit, map"),
            (Output("score", "logit", 0), "no output 'score'; it has logit, map"),
            (Output("map", "logit", 0), "is no logit"),
            (Output("logit", "map", 1), "is no map"),
            (Output("logit", "logit", 1), "no column 1; it has 1, from 0"),
            (Output("map", "map", "fraud"), r"no class 'fraud'; it has \[0, 1\]"),
        ]:
            with self.subTest(output=output), self.assertRaisesRegex(ValueError, expect):
                outputs.score(session, output, ROWS)

    def test_a_logit_of_any_size_is_a_score(self) -> None:
        rows = np.array([[-1e30, 0], [1e30, 2e30]], dtype=np.float32)
        np.testing.assert_array_equal(outputs.score(graph(LOGIT), Output("logit", "logit", 0), rows), [0, 1])


class InputTest(unittest.TestCase):
    def test_what_is_wrong_is_said(self) -> None:
        self.assertEqual(outputs.input_name(graph(LOGIT), 2), "x")
        for session, features, expect in [
            (graph(LOGIT), 3, r"must be \[n, 3\]"),
            (graph(LOGIT, rows=1), 2, "with n left open"),
            (graph(LOGIT, given=("y",)), 2, "has 2 inputs"),
            (graph(("Cast", ["x"], "c", {"to": 1}), type=TensorProto.DOUBLE), 2, "float32"),
        ]:
            with self.subTest(expect=expect), self.assertRaisesRegex(ValueError, expect):
                outputs.input_name(session, features)


if __name__ == "__main__":
    unittest.main()
