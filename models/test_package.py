"""The shipped package is whole, and the check notices one that is not."""

import shutil
import tempfile
import unittest
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import numpy as np

import package
from features import NAMES

SHIPPED = Path(__file__).parent / "baseline" / "1"


class ShippedPackageTest(unittest.TestCase):
    def setUp(self) -> None:
        self.model = (SHIPPED / package.MODEL_FILE).read_bytes()
        self.names, self.rows, self.scores = package.read_golden(SHIPPED)

    def test_nothing_is_wrong(self) -> None:
        self.assertEqual(package.complaints(SHIPPED), [])
        self.assertLessEqual(len(self.model), 200_000)

    def test_golden_rows_score_the_same(self) -> None:
        self.assertEqual(len(self.rows), 64)
        self.assertLessEqual(package.golden_error(self.model, self.rows, self.scores), package.GOLDEN_TOLERANCE)

    def test_golden_rows_are_diverse(self) -> None:
        self.assertEqual(len(np.unique(self.rows, axis=0)), len(self.rows))
        self.assertTrue((self.rows.min(axis=0) < self.rows.max(axis=0)).all())
        thresholds = package.read_manifest(SHIPPED)["thresholds"]
        verdicts = np.digitize(self.scores, [thresholds["step_up"], thresholds["decline"]])
        self.assertEqual(set(verdicts), {0, 1, 2}, "approve, step-up and decline must all occur")

    def test_a_row_scores_the_same_alone_and_in_a_batch(self) -> None:
        for row, score in zip(self.rows, self.scores, strict=True):
            self.assertLessEqual(package.golden_error(self.model, row[None, :], score), package.GOLDEN_TOLERANCE)

    def test_swapping_any_two_features_is_noticed(self) -> None:
        for first, second in combinations(range(len(NAMES)), 2):
            with self.subTest(first=NAMES[first], second=NAMES[second]):
                swapped = self.rows.copy()
                swapped[:, [first, second]] = self.rows[:, [second, first]]
                # A thousand times the tolerance: noticed by any reasonable check, not by luck.
                error = package.golden_error(self.model, swapped, self.scores)
                self.assertGreater(error, 1000 * package.GOLDEN_TOLERANCE)


class BrokenPackageTest(unittest.TestCase):
    def check(self, expect: str, file: str, change: Callable[[bytes], bytes]) -> None:
        """A copy of the shipped package with `file` changed gives exactly one complaint, which contains `expect`."""
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "1"
            shutil.copytree(SHIPPED, folder)
            before = (folder / file).read_bytes()
            after = change(before)
            self.assertNotEqual(before, after)
            (folder / file).write_bytes(after)
            (complaint,) = package.complaints(folder)
            self.assertIn(expect, complaint)

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

    def test_another_order_in_the_manifest(self) -> None:
        swap = (b'  "hour_of_day",\n  "is_weekend",\n', b'  "is_weekend",\n  "hour_of_day",\n')
        self.check("differ in name or order", package.MANIFEST_FILE, lambda old: old.replace(*swap))

    def test_another_order_in_the_golden_rows(self) -> None:
        swap = (b"is_pay_out,is_card", b"is_card,is_pay_out")
        self.check("differ in name or order", package.GOLDEN_FILE, lambda old: old.replace(*swap))

    def test_another_format(self) -> None:
        self.check("format is 2", package.MANIFEST_FILE, lambda old: old.replace(b"format = 1", b"format = 2"))

    def test_thresholds_upside_down(self) -> None:
        self.check("thresholds", package.MANIFEST_FILE, lambda old: old.replace(b"step_up = 0", b"step_up = 1"))


if __name__ == "__main__":
    unittest.main()
