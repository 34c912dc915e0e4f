"""The committed examples: one package for each library that models come from, each of them whole."""

import unittest
from pathlib import Path

import package

EXAMPLES = Path(__file__).parent / "examples"
MOST_BYTES = 60_000

# What the engine reads of each: between them, every kind of output and every shape that the exporters give.
OUTPUTS = {
    "lightgbm-boosting": package.Output("probabilities", "map", 1),
    "pytorch-perceptron": package.Output("logit", "logit", 0),
    "sklearn-boosting": package.Output("probabilities", "probability", 1),
    "sklearn-forest": package.Output("output_probability", "map", 1),
    "sklearn-logistic": package.Output("output_probability", "map", "fraud"),
    "xgboost-boosting": package.Output("probabilities", "probability", 1),
}


class ExamplesTest(unittest.TestCase):
    def test_there_is_one_for_each_library(self) -> None:
        self.assertEqual({folder.parent.name for folder in EXAMPLES.glob("*/1")}, set(OUTPUTS))

    def test_each_is_whole(self) -> None:
        for name, output in OUTPUTS.items():
            with self.subTest(name):
                folder = EXAMPLES / name / "1"
                self.assertEqual(package.complaints(folder), [])
                manifest = package.read_manifest(folder)
                self.assertEqual((manifest["name"], manifest["version"]), (name, 1))
                self.assertEqual(package.Output(**manifest["output"]), output)
                self.assertGreater(manifest["training"]["metrics"]["auc"], 0.9)
                self.assertLessEqual(sum(file.stat().st_size for file in folder.iterdir()), MOST_BYTES)

    def test_each_script_is_short_and_named_by_its_package(self) -> None:
        scripts = {f"models/examples/{script.name}" for script in EXAMPLES.glob("from_*.py")}
        named = {package.read_manifest(EXAMPLES / name / "1")["training"]["script"] for name in OUTPUTS}
        self.assertEqual(named, scripts)
        for script in EXAMPLES.glob("from_*.py"):
            self.assertLess(len(script.read_text(encoding="utf-8").splitlines()), 80, script)

    def test_rows_score_the_same_alone_and_in_a_batch(self) -> None:
        for name in OUTPUTS:
            with self.subTest(name):
                folder = EXAMPLES / name / "1"
                _, rows, scores = package.read_golden(folder)
                for row, score in zip(rows, scores, strict=True):
                    self.assertLessEqual(package.golden_error(folder, row[None, :], score), package.GOLDEN_TOLERANCE)


if __name__ == "__main__":
    unittest.main()
