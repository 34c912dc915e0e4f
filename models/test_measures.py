"""The measures by hand, and the pictures where matplotlib is installed."""

import importlib.util
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

import measures
from manifest import Thresholds
from measures import DAY_MS, Scored

# Ten days of payments; scores are the true shares of frauds until the last day, when everything scores high.
DAYS = 10
START_MS = 20_000 * DAY_MS


def scored(seed: int = 1) -> Scored:
    rng = np.random.default_rng(seed)
    count = 10_000
    at_ms = np.sort(START_MS + rng.integers(0, DAYS * DAY_MS, count))
    scores = (rng.random(count) ** 4).astype(np.float32)
    labels = rng.random(count) < scores
    scores[at_ms >= START_MS + (DAYS - 1) * DAY_MS] = 0.9
    return Scored(scores, labels, at_ms)


class MeasuresTest(unittest.TestCase):
    def test_thresholds_by_hand(self) -> None:
        given = Scored(
            scores=np.array([0.1, 0.5, 0.5, 0.9], dtype=np.float32),
            labels=np.array([False, False, True, True]),
            at_ms=np.arange(4),
        )
        found = measures.at_thresholds(given, Thresholds(step_up=0.5, decline=0.9))
        self.assertEqual(list(found), ["step_up", "decline"])
        self.assertEqual(found["step_up"], {"score": 0.5, "precision": 2 / 3, "recall": 1.0, "honest": 0.5})
        self.assertEqual(found["decline"], {"score": 0.9, "precision": 1.0, "recall": 0.5, "honest": 0.0})

    def test_true_shares_are_calibrated(self) -> None:
        given = scored()
        before = given.at_ms < START_MS + (DAYS - 1) * DAY_MS
        parts = measures.calibration(Scored(given.scores[before], given.labels[before], given.at_ms[before]))
        self.assertEqual(sum(part["payments"] for part in parts), before.sum())
        inside = [part["frauds_low"] <= part["score"] <= part["frauds_high"] for part in parts]
        # Each is missed by chance once in twenty.
        self.assertGreaterEqual(sum(inside), len(inside) - 1, parts)

    def test_drift_is_seen_on_its_day(self) -> None:
        days = measures.drift(scored())
        self.assertEqual([day["first_part"] for day in days], [True] * 3 + [False] * 7)
        self.assertTrue(all(day["psi"] < 0.05 for day in days[:-1]), days)
        self.assertGreater(days[-1]["psi"], 1)
        self.assertEqual(days[0]["day"], "2024-10-04")

    def test_wilson_by_hand(self) -> None:
        for hits, count, expect in [(0, 10, (0.0, 0.2775)), (5, 10, (0.2366, 0.7634)), (10, 10, (0.7225, 1.0))]:
            with self.subTest(hits=hits):
                np.testing.assert_allclose(measures.wilson(hits, count), expect, atol=1e-4)


@unittest.skipUnless(importlib.util.find_spec("matplotlib"), "matplotlib is in tools/requirements/training.txt")
class PlotsTest(unittest.TestCase):
    def test_four_pictures_and_their_numbers(self) -> None:
        import plots

        with tempfile.TemporaryDirectory() as parent:
            # Also without review, and with scores of exactly 0 and 1, which a logarithmic axis does not have.
            given = scored()
            given.scores[:2] = [0, 1]
            plots.draw(Path(parent), given, Thresholds(step_up=0.5, decline=0.9), "a test")
            found = json.loads((Path(parent) / "metrics.json").read_text(encoding="utf-8"))
            pictures = {file.name: file.read_bytes()[1:4] for file in Path(parent).glob("*.png")}
        self.assertEqual(found["payments"], 10_000)
        names = ("calibration.png", "drift.png", "precision-recall.png", "scores.png")
        self.assertEqual(pictures, dict.fromkeys(names, b"PNG"))

    def test_a_table_is_read_in_time_order(self) -> None:
        import plots

        with tempfile.TemporaryDirectory() as parent:
            file = Path(parent) / "scores.csv"
            file.write_text("time,score,label\n2026-01-02T00:00:00Z,0.25,1\n2026-01-01T00:00:00Z,0.5,0\n", "utf-8")
            read = plots.read(file)
        self.assertEqual(read.scores.tolist(), [0.5, 0.25])
        self.assertEqual(read.labels.tolist(), [False, True])
        self.assertEqual(np.diff(read.at_ms).tolist(), [DAY_MS])


if __name__ == "__main__":
    unittest.main()
