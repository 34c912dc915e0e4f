"""Tables that the gateway's replay writes, and the list of its features."""

import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

import gateway
import payments
from features import BASELINE, ENGINE_NAMES
from reference import reference
from tables import replayed


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
            "e,2026-01-04T00:00:00.000Z,eve,,2.6,0,0,2026-01-06T00:00:00.000Z",
            "f,2026-01-05T00:00:00.000Z,joe,,2.7,0,1,2026-01-06T00:00:00.000Z",
            "d,2026-01-11T00:00:00.000Z,ann,,3,1,0,",
        ])
        self.assertEqual(table.names, ("amount_usd_log10", "is_hosted"))
        # Not f: of the time after e only frauds are known.
        np.testing.assert_array_equal(table.learn.rows[:, 0], np.array([1.5, 2.6], dtype=np.float32))
        self.assertEqual((table.learn.labels.tolist(), table.learn.is_server.tolist()), ([True, False], [False, True]))
        self.assertEqual(table.test.rows[:, 0].tolist(), [3.0])

    def test_what_is_missing_is_said(self) -> None:
        header = "id,time,customer,wallet,is_hosted,is_fraud,label_time"
        with self.assertRaisesRegex(ValueError, "has no labels"):
            self.read([header, "a,2026-01-01T00:00:00Z,ann,,1,,"])
        with self.assertRaisesRegex(ValueError, "has no person_count_1h"):
            self.read([header, "a,2026-01-01T00:00:00Z,ann,,1,1,"], names=["person_count_1h"])
        with self.assertRaisesRegex(ValueError, "no legitimate payment that was known by 2026-01-01"):
            self.read([header, "a,2026-01-01T00:00:00Z,ann,,1,1,2026-01-01T00:00:00Z"])

    def test_what_cannot_be_learned_or_judged_is_said_in_a_sentence(self) -> None:
        header = "id,time,customer,wallet,is_hosted,is_fraud,label_time"

        def row(day: int, fraud: int) -> str:
            return f"p{day},2026-01-{day:02}T00:00:00Z,ann,,1,{int(fraud)},2026-01-{day:02}T01:00:00Z"

        for lines, expect in [
            ([header, *(row(day, day == 9) for day in range(1, 11))], "no fraud to learn from among the 7 payments"),
            ([header, *(row(day, day == 2) for day in range(1, 11))], "no fraud to judge by among the 3 payments"),
            ([header, *(row(day, day in (2, 8, 9, 10)) for day in range(1, 11))], "no legitimate payment to judge by"),
            ([header, row(1, 0) + ",x"], "8 fields in row 2 and 7 in its first"),
            (["id,time,customer"], "has no is_fraud, label_time, is_hosted"),
            ([header, "x" * 200_000], "is no table .*field larger than field limit"),
        ]:
            with self.subTest(expect=expect), tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "table.csv"
                path.write_text("\n".join(lines) + "\n", encoding="utf-8")
                command = [sys.executable, Path(__file__).parent / "from_replay.py", path, f"{folder}/m", "--name", "m"]
                done = subprocess.run(command, capture_output=True, text=True, check=False)
                self.assertEqual(done.returncode, 1)
                self.assertRegex(done.stderr, f"^from_replay.py: .*{expect}")
        command = [*command, "--causeway", "nowhere"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, "^from_replay.py: there is no program nowhere")

    def test_a_feature_that_never_differs_has_no_reference(self) -> None:
        rows = np.array([[1, 7], [2, 7], [3, 7]], dtype=np.float32)
        found = reference(["amount_usd_log10", "is_card"], rows, np.array([0.1, 0.2, 0.3], dtype=np.float32), 0.25)
        self.assertEqual(list(found.features), ["amount_usd_log10"])

    def test_the_engine_has_these_features(self) -> None:
        self.assertLessEqual(set(BASELINE), set(ENGINE_NAMES))
        command = [program(self), "features", "list", "--json"]
        listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        told = json.loads((Path(__file__).parent / "features.json").read_text(encoding="utf-8"))
        self.assertEqual(told, listed, "write it again: causeway features list --json > models/features.json")

    def test_synthetic_payments_are_the_same_each_time_and_can_be_replayed(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            files = [payments.write(Path(folder) / name, payments.generate(3, persons=60)) for name in ("1", "2")]
            first, second = ([file.read_bytes() for file in pair] for pair in files)
            self.assertEqual(first, second)
            table = Path(folder) / "table.csv"
            said = gateway.replay(program(self), *files[0], table)
            self.assertRegex(said, r"0 have no label; \d+ entities")
            self.assertGreater(len(replayed(table, list(BASELINE)).learn.rows), 100)
            files[0][0].write_text("a,b\n", encoding="utf-8")
            with self.assertRaisesRegex(ValueError, "cannot be replayed: .*there is no column id"):
                gateway.replay(program(self), *files[0], table)


def program(test: unittest.TestCase) -> Path:
    """The gateway's program; without it the test is skipped, which says how it is built."""
    try:
        return gateway.find()
    except gateway.Missing as missing:
        test.skipTest(str(missing))


if __name__ == "__main__":
    unittest.main()
