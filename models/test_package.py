"""The shipped packages are whole, `write` finds out what it can, and the check notices a package that is not whole."""

import contextlib
import io
import shutil
import tempfile
import unittest
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from unittest import mock

import numpy as np
from onnx import TensorProto, helper

import gateway
import output as outputs
import package

SHIPPED = Path(__file__).parent / "baseline" / "2"
OLD = Path(__file__).parent / "baseline" / "1"
WINDOW = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z")
TRAINING = package.Training('A "bank"', "train.py", 1, 10, WINDOW, 20, WINDOW, {"auc": 0.9, "recall_at_1": 1})


class ShippedPackageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.names, self.rows, self.scores = package.read_golden(SHIPPED)
        self.manifest = package.read_manifest(SHIPPED)

    def test_nothing_is_wrong(self) -> None:
        self.assertEqual(package.complaints(SHIPPED), [])
        self.assertLessEqual((SHIPPED / package.MODEL_FILE).stat().st_size, 200_000)

    def test_a_package_of_format_1_is_still_read(self) -> None:
        self.assertEqual(package.read_manifest(OLD)["format"], 1)
        self.assertEqual(package.complaints(OLD), [])

    def test_golden_rows_are_diverse(self) -> None:
        self.assertEqual(len(self.rows), 96)
        self.assertEqual(len(np.unique(self.rows, axis=0)), len(self.rows))
        self.assertTrue((self.rows.min(axis=0) < self.rows.max(axis=0)).all())
        verdicts = package.Thresholds(**self.manifest["thresholds"]).verdicts(self.scores)
        self.assertEqual(set(verdicts), {0, 1, 2, 3}, "approve, step-up, review and decline must all occur")

    def test_a_row_scores_the_same_alone_and_in_a_batch(self) -> None:
        for row, score in zip(self.rows, self.scores, strict=True):
            self.assertLessEqual(package.golden_error(SHIPPED, row[None, :], score), package.GOLDEN_TOLERANCE)

    def test_swapping_any_two_features_is_noticed(self) -> None:
        session = outputs.load((SHIPPED / package.MODEL_FILE).read_bytes())
        output = package.Output(**self.manifest["output"])
        for first, second in combinations(range(len(self.names)), 2):
            with self.subTest(first=self.names[first], second=self.names[second]):
                swapped = self.rows.copy()
                swapped[:, [first, second]] = self.rows[:, [second, first]]
                # A thousand times the tolerance: noticed by any reasonable check, not by luck.
                error = np.abs(outputs.score(session, output, swapped) - self.scores).max()
                self.assertGreater(error, 1000 * package.GOLDEN_TOLERANCE)

    def test_every_feature_has_its_reference(self) -> None:
        self.assertEqual(list(self.manifest["reference"]["features"]), self.manifest["input"]["features"])


class WriteTest(unittest.TestCase):
    def setUp(self) -> None:
        self.features, self.rows, self.scores = package.read_golden(SHIPPED)
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "5"

    def write(self, **changed: object) -> package.Output:
        given = dict(
            model=(SHIPPED / package.MODEL_FILE).read_bytes(), name="small", version=5,
            features=self.features, golden_rows=self.rows,
            thresholds=package.Thresholds(step_up=0.1, decline=0.9),
            training=TRAINING,
        )
        return package.write(self.folder, **given | changed)

    def test_what_can_be_found_out_need_not_be_said(self) -> None:
        self.assertEqual(self.write(), package.Output("probabilities", "probability", 1))
        manifest = package.read_manifest(self.folder)
        self.assertEqual(manifest["thresholds"], {"step_up": 0.1, "decline": 0.9})
        self.assertEqual(manifest["training"]["author"], 'A "bank"')
        self.assertEqual(manifest["training"]["metrics"], {"auc": 0.9, "recall_at_1": 1})
        self.assertNotIn("reference", manifest)
        np.testing.assert_array_equal(package.read_golden(self.folder)[2], self.scores)

    def test_what_is_said_is_kept(self) -> None:
        honest = package.Output("probabilities", "probability", 0)
        self.assertEqual(self.write(output=honest), honest)
        np.testing.assert_allclose(package.read_golden(self.folder)[2], 1 - self.scores, atol=1e-6)
        self.write(thresholds=package.Thresholds(0.1, 0.9, review=0.1))
        self.assertEqual(package.read_manifest(self.folder)["thresholds"]["review"], 0.1)

    def test_what_is_not_in_order_is_refused(self) -> None:
        for expect, changed in [
            ("lower-case", {"name": "Small"}),
            ("from 1 to 999999", {"version": 0}),
            ("no feature colour", {"features": ["colour", *self.features[1:]]}),
            ("named twice", {"features": [self.features[1], *self.features[1:]]}),
            ("step_up <= review <= decline", {"thresholds": package.Thresholds(0.1, 0.5, review=0.6)}),
            (r"must be \[n, 26\]", {"features": self.features[1:]}),
            ("must be one of probability, logit, map", {"output": package.Output("probabilities", "odds", 1)}),
            ("Metrics are named", {"training": replace(TRAINING, metrics={"recall at 1": 1})}),
            ("no finite number", {"training": replace(TRAINING, metrics={"auc": float("nan")})}),
        ]:
            with self.subTest(expect=expect), self.assertRaisesRegex(ValueError, expect):
                self.write(**changed)
            self.assertFalse(self.folder.exists(), "what is not in order is not written")


    def test_a_logit_is_no_probability(self) -> None:
        folder = Path(__file__).parent / "examples" / "pytorch-perceptron" / "1"
        features, rows, _ = package.read_golden(folder)
        given = dict(model=(folder / package.MODEL_FILE).read_bytes(), features=features, golden_rows=rows)
        self.assertEqual(self.write(**given).kind, "logit")
        with self.assertRaisesRegex(ValueError, "not all between 0 and 1: is the output a logit"):
            self.write(**given, output=package.Output("logit", "probability", 0))


    def test_what_the_gateway_does_not_take_is_not_written(self) -> None:
        try:
            gateway.find()
        except gateway.Missing as missing:
            self.skipTest(str(missing))
        one = helper.make_tensor("one", TensorProto.INT64, [1], [1])
        sized = [
            helper.make_node("Shape", ["features"], ["size"]), helper.make_node("ConstantOfShape", ["size"], ["zero"]),
        ]
        for operator, nodes in {
            "TopK": [helper.make_node("TopK", ["features", "one"], ["few", "places"], axis=1)],
            "ConstantOfShape": [
                *sized, helper.make_node("Add", ["features", "zero"], ["sum"]),
                helper.make_node("ReduceMean", ["sum"], ["few"], axes=[1], keepdims=1),
            ],
        }.items():
            tensors = [one] if operator == "TopK" else []
            model = self.graph([*nodes, helper.make_node("Sigmoid", ["few"], ["score"])], tensors)
            with self.subTest(operator), self.assertRaisesRegex(ValueError, f"graph: .*{operator}"):
                self.write(model=model)
            self.assertFalse(self.folder.exists(), "what the gateway refuses is not written")

    def test_without_the_gateway_it_says_so(self) -> None:
        missing = {"CAUSEWAY_BIN": "/nowhere/causeway"}
        with mock.patch.dict("os.environ", missing), contextlib.redirect_stdout(io.StringIO()) as said:
            self.write()
        self.assertIn("not checked by the gateway: there is no program /nowhere/causeway", said.getvalue())
        self.assertTrue(self.folder.exists())
        with self.assertRaisesRegex(gateway.Missing, "build it with `cargo xtask build`"):
            self.write(causeway=Path("/nowhere/causeway"))

    def graph(self, nodes: list, tensors: list) -> bytes:
        """A model of these nodes from the features to one score a row."""
        features, score = (
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", width])
            for name, width in (("features", len(self.features)), ("score", 1))
        )
        graph = helper.make_graph(nodes, "made", [features], [score], tensors)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
        return model.SerializeToString()


class BrokenPackageTest(unittest.TestCase):
    def check(self, expect: str, file: str, change: Callable[[bytes], bytes]) -> None:
        """A copy of the shipped package with `file` changed gives exactly one complaint, which contains `expect`."""
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "2"
            shutil.copytree(SHIPPED, folder)
            before = (folder / file).read_bytes()
            after = change(before)
            self.assertNotEqual(before, after)
            (folder / file).write_bytes(after)
            (complaint,) = package.complaints(folder)
            self.assertIn(expect, complaint)

    def check_manifest(self, expect: str, old: bytes, new: bytes) -> None:
        self.check(expect, package.MANIFEST_FILE, lambda text: text.replace(old, new, 1))

    def test_another_model(self) -> None:
        # One letter of the producer's name in the ONNX file: the model still loads and scores the same.
        self.check("SHA-256", package.MODEL_FILE, lambda old: old.replace(b"skl2onnx", b"skl2onny", 1))

    def test_another_score(self) -> None:
        def change(old: bytes) -> bytes:
            lines = old.decode().splitlines()
            values = lines[1].split(",")
            lines[1] = ",".join([*values[:-1], str(float(values[-1]) + 1e-5)])
            return "\n".join(lines).encode()

        self.check("golden scores are off by 1.0e-05", package.GOLDEN_FILE, change)

    def test_no_golden_rows(self) -> None:
        self.check("no golden rows", package.GOLDEN_FILE, lambda old: old.splitlines(keepends=True)[0])

    def test_another_order(self) -> None:
        swap = (b'  "hour_of_day",\n  "is_weekend",\n', b'  "is_weekend",\n  "hour_of_day",\n')
        self.check_manifest("differ in name or order", *swap)
        swap = (b"is_pay_out,is_card", b"is_card,is_pay_out")
        self.check("differ in name or order", package.GOLDEN_FILE, lambda old: old.replace(*swap))

    def test_another_format(self) -> None:
        self.check_manifest("format is 3", b"format = 2", b"format = 3")

    def test_thresholds_upside_down(self) -> None:
        self.check_manifest("thresholds", b"step_up = 0", b"step_up = 1")

    def test_a_reference_that_is_none(self) -> None:
        self.check_manifest("edges do not ascend", b"edges = [0", b"edges = [9")
        self.check_manifest("is_card is wrong: 2 edges", b"is_card]\nedges = [", b"is_card]\nedges = [0.5, ")
        self.check_manifest("approval rate", b"approval_rate = 0", b"approval_rate = 1")
        shares = b"reference.features.is_card]\nedges = [1.0]\nshares = [0"
        self.check_manifest("do not sum to 1", shares, shares[:-1] + b"1")
        self.check_manifest("colour is no feature", b"[reference.features.is_card]", b"[reference.features.colour]")

    def test_the_command_says_so(self) -> None:
        with tempfile.TemporaryDirectory() as empty, contextlib.redirect_stdout(io.StringIO()) as said:
            for folder, code in ((str(SHIPPED), 0), (empty, 1)):
                with mock.patch("sys.argv", ["package.py", folder]):
                    self.assertEqual(package.main(), code)
        self.assertRegex(said.getvalue(), r"2: good\n.*cannot be read \(FileNotFoundError\)")


if __name__ == "__main__":
    unittest.main()
