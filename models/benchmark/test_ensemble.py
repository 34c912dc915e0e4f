"""The graph of an ensemble against LightGBM itself."""

import unittest

import numpy as np
import onnxruntime

from training_packages import MISSING, REASON

if not MISSING:
    import lightgbm

    from ensemble import INPUT, OUTPUT, at_most, to_onnx


@unittest.skipIf(MISSING, REASON)
class EnsembleTest(unittest.TestCase):
    def test_the_graph_gives_the_mean_of_the_logits(self) -> None:
        random = np.random.default_rng(1)
        # Few distinct values: many rows lie exactly on a threshold.
        rows = random.integers(0, 9, size=(2_000, 5)).astype(np.float32) / 10
        labels = random.random(2_000) < rows[:, 0] * rows[:, 1]
        models = [
            lightgbm.LGBMClassifier(n_estimators=trees, num_leaves=7, random_state=trees, n_jobs=1, verbose=-1)
            .fit(rows, labels).booster_
            for trees in (5, 20)
        ]
        session = onnxruntime.InferenceSession(to_onnx(models))
        logits = session.run([OUTPUT], {INPUT: rows})[0]
        expect = np.mean([model.predict(rows, raw_score=True) for model in models], axis=0)
        self.assertEqual(logits.shape, (2_000, 1))
        np.testing.assert_allclose(logits[:, 0], expect, rtol=0, atol=1e-5)

    def test_a_threshold_divides_float32_as_before(self) -> None:
        for threshold in (0.1, 0.3, 1e-35, 16_777_217.0, -0.1, 2.5, 0.0):
            with self.subTest(threshold=threshold):
                below = np.float32(at_most(threshold))
                above = np.nextafter(below, np.float32(np.inf))
                self.assertLessEqual(float(below), threshold)
                self.assertGreater(float(above), threshold)


if __name__ == "__main__":
    unittest.main()
