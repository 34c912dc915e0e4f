"""Tables that the gateway's replay writes, and the list of its features."""

import json
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy as np

from features import ENGINE_NAMES, NAMES
from reference import reference
from tables import replayed

PROGRAM = Path(__file__).parent.parent / "target" / "release" / "causeway"


class ReplayedTest(unittest.TestCase):
    def read(self, lines: list[str], **options: object) -> object:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "table.csv"
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
            return replayed(path, **options)

    def test_labels_that_came_after_the_split_teach_nothing(self) -> None:
        table = self.read([
            "id,time,customer,wallet,amount_usd_log10,is_hosted,is_fraud,label_time",
            "a,2026-01-01T00:00:00.000Z,ann,,1.5,1,1,2026-01-03T00:00:00.000Z",
            "b,2026-01-02T00:00:00.000Z,bob,,2,0,0,2026-02-01T00:00:00.000Z",
            "c,2026-01-03T00:00:00.000Z,eve,,2.5,0,,",
            "d,2026-01-11T00:00:00.000Z,ann,,3,1,0,",
        ])
        self.assertEqual(table.names, ("amount_usd_log10", "is_hosted"))
        self.assertEqual(table.learn.rows[:, 0].tolist(), [1.5])
        self.assertEqual((table.learn.labels.tolist(), table.learn.is_server.tolist()), ([True], [False]))
        self.assertEqual(table.test.rows[:, 0].tolist(), [3.0])

    def test_what_is_missing_is_said(self) -> None:
        header = "id,time,customer,wallet,is_hosted,is_fraud,label_time"
        with self.assertRaisesRegex(ValueError, "has no labels"):
            self.read([header, "a,2026-01-01T00:00:00Z,ann,,1,,"])
        with self.assertRaisesRegex(ValueError, "has no person_count_1h"):
            self.read([header, "a,2026-01-01T00:00:00Z,ann,,1,1,"], names=["person_count_1h"])

    def test_a_feature_that_never_differs_has_no_reference(self) -> None:
        rows = np.array([[1, 7], [2, 7], [3, 7]], dtype=np.float32)
        found = reference(["amount_usd_log10", "is_card"], rows, np.array([0.1, 0.2, 0.3], dtype=np.float32), 0.25)
        self.assertEqual(list(found.features), ["amount_usd_log10"])

    def test_the_engine_has_these_features(self) -> None:
        self.assertLessEqual(set(NAMES), set(ENGINE_NAMES))
        if not PROGRAM.exists():
            self.skipTest(f"{PROGRAM} is not built")
        listed = json.loads(subprocess.run([PROGRAM, "features", "list", "--json"], capture_output=True, check=True).stdout)
        told = json.loads((Path(__file__).parent / "features.json").read_text(encoding="utf-8"))
        self.assertEqual(told, listed, "write it again: causeway features list --json > models/features.json")


if __name__ == "__main__":
    unittest.main()
