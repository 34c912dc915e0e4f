"""The seam to the gateway: a table in, a model and figures out; scores from elsewhere are judged by their ids."""

import json
import tempfile
import unittest
from pathlib import Path

import numpy as np

from protocol import Figures, Fold, in_days, judge
from training_packages import MISSING, REASON

if not MISSING:
    import pandas as pd

    from engine import largest_difference
    from model import Setting
    from report import write_report
    from run import judged, package, package_name, run_fold, scored, trained
    from table import read_scores, read_table

    SETTING = Setting("tiny", "a week", days=7, trees=10, genuine_share=0.5, half_life_days=3, seeds=2)

FOLD = Fold(20)


def frame(rows: int = 6_000) -> "pd.DataFrame":
    """Random transactions of which one feature gives the fraud away."""
    random = np.random.default_rng(1)
    at = pd.Timestamp("2018-04-01", tz="UTC") + pd.to_timedelta(np.sort(random.random(rows) * 45), unit="D")
    fraud = random.random(rows) < 0.05
    return pd.DataFrame({
        "id": np.arange(rows), "time": at.strftime("%Y-%m-%dT%H:%M:%SZ"), "customer": np.arange(rows),
        "wallet": random.integers(50, size=rows), "label_time": "", "is_fraud": fraud.astype(int), "noise": random.random(rows),
        "telling": fraud + random.random(rows) / 2,
    })


@unittest.skipIf(MISSING, REASON)
class RunTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def written(self, table: "pd.DataFrame", name: str = "table.csv") -> Path:
        """The path of a table that was written."""
        path = self.folder / name
        if path.suffix == ".parquet":
            table.to_parquet(path, index=False)
        else:
            table.to_csv(path, index=False)
        return path

    def test_both_formats_in_any_order_are_the_same_table(self) -> None:
        names = ["telling", "noise"]
        one = read_table(self.written(frame()), names)
        other = read_table(self.written(frame().sample(frac=1, random_state=1), "table.parquet"), names)
        self.assertEqual(one.names, ("telling", "noise"))
        for column in ("ids", "day", "customer", "fraud", "rows"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))

    def test_what_is_missing_is_refused(self) -> None:
        holes = frame()
        holes.loc[7, "noise"] = np.nan
        with self.assertRaisesRegex(ValueError, "noise has values that are missing"):
            read_table(self.written(holes), ["noise"])
        with self.assertRaisesRegex(ValueError, "the table has no other; it has .*noise"):
            read_table(self.written(frame()), ["other"])

    def test_a_fold_is_trained_scored_and_judged(self) -> None:
        table = read_table(self.written(frame()), ["telling", "noise"])
        scores = np.full(len(table.ids), np.nan)
        week = in_days(table.day, FOLD.test)
        scores[week] = scored(trained(table, FOLD, SETTING), table.rows[week])
        self.assertTrue(((scores[week] > 0) & (scores[week] < 1)).all())
        result = judged(table, FOLD, scores)
        self.assertGreater(result.figures.auc, 0.99)
        self.assertEqual(result.ids.tolist(), table.ids[week].tolist())
        published = {"book": Figures(0.1, 0.2, 0.3)}
        baselines = {"forest": {"2018-05-05": Figures(0.4, 0.5, 0.6), "2018-05-12": Figures(0.6, 0.5, 0.6)}}
        write_report(self.folder, {"tiny": [result]}, {"features": list(table.names)}, published, baselines)
        written = json.loads((self.folder / "results.json").read_text("utf-8"))
        self.assertEqual(written["settings"]["tiny"]["mean"]["auc"], result.figures.auc)
        markdown = (self.folder / "results.md").read_text("utf-8")
        self.assertIn("| book | mean of the four test weeks | 0.100 | 0.200 | 0.300 |", markdown)
        self.assertIn("| **book, forest, run again** | mean | 0.5000 | 0.5000 | 0.6000 |", markdown)
        self.assertEqual(len((self.folder / "scores.csv").read_text().splitlines()), 1 + week.sum())

    def test_scores_from_elsewhere_are_found_by_id(self) -> None:
        table = read_table(self.written(frame()), ["telling", "noise"])
        week = in_days(table.day, FOLD.test)
        given = pd.DataFrame({"id": table.ids[week], "model": "mine", "score": table.rows[week, 1]})
        both = pd.concat([given, given.assign(model="other", score=0.0)]).sample(frac=1, random_state=1)
        result = judged(table, FOLD, read_scores(self.written(both, "scores.csv"), table, "mine"))
        expect = judge(table.day[week], table.customer[week], table.fraud[week], table.rows[week, 1])
        self.assertAlmostEqual(result.figures.average_precision, expect.average_precision, places=6)
        with self.assertRaisesRegex(ValueError, "1 tested rows have no score"):
            judged(table, FOLD, read_scores(self.written(given[1:], "scores.csv"), table, "mine"))

    def test_an_engine_that_scores_otherwise_is_found(self) -> None:
        table = read_table(self.written(frame()), ["telling", "noise"])
        week = in_days(table.day, FOLD.test)
        result = judged(table, FOLD, np.where(week, table.rows[:, 1], np.nan))
        python = pd.DataFrame({"week": FOLD.name, "id": table.ids[week], "score": table.rows[week, 1]})
        self.assertEqual(largest_difference([result], python), 0)
        python.loc[3, "score"] += 0.25
        self.assertAlmostEqual(largest_difference([result], python), 0.25)
        with self.assertRaisesRegex(ValueError, "1 payments were scored by one of the two only"):
            largest_difference([result], python[1:])

    def test_a_package_of_a_fold_is_in_order(self) -> None:
        named = frame().rename(columns={"telling": "amount_to_mean", "noise": "amount_usd_log10"})
        table = read_table(self.written(named), ["amount_to_mean", "amount_usd_log10"])
        result = run_fold(table, FOLD, SETTING, self.folder)
        folder = self.folder / "packages" / package_name("tiny", FOLD) / "1"
        self.assertEqual(package.complaints(folder), [])
        manifest = package.read_manifest(folder)
        self.assertEqual(manifest["training"]["test_window_end"], "2018-05-12T00:00:00Z")
        self.assertAlmostEqual(manifest["training"]["metrics"]["auc"], result.figures.auc, places=6)


if __name__ == "__main__":
    unittest.main()
