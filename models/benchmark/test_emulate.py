"""The emulated features on a handful of payments, and that nothing is seen early."""

import unittest

import numpy as np

from training_packages import MISSING, REASON

if not MISSING:
    from emulate import DAY_S, FIRST_MEAN, HOUR_S, NAMES, NEVER_DAYS, Buckets, feature_rows
    from transactions import Columns


def payments(rows: list[tuple[float, int, int, float, bool]]) -> "Columns":
    """Columns of rows of (day, customer, terminal, amount, fraud)."""
    day, customer, terminal, amount, fraud = (np.array(column) for column in zip(*rows, strict=True))
    return Columns((day * DAY_S).astype(np.int64), customer, terminal, amount.astype(float), fraud)


def value(rows: np.ndarray, index: int, name: str) -> float:
    """One feature of one payment."""
    return float(rows[index, NAMES.index(name)])


@unittest.skipIf(MISSING, REASON)
class BucketsTest(unittest.TestCase):
    def test_the_oldest_bucket_counts_by_what_is_left_of_it(self) -> None:
        buckets = Buckets(HOUR_S, 24)
        buckets.add(0)
        buckets.add(HOUR_S // 2)
        for second, spans, expect in [(HOUR_S, 1, 2.0), (HOUR_S * 3 // 2, 1, 1.0), (2 * HOUR_S, 1, 0.0)]:
            with self.subTest(second=second):
                self.assertEqual(buckets.sum(second, spans), expect)
        self.assertEqual(buckets.sum(24 * HOUR_S, 24), 2.0)
        self.assertEqual(buckets.sum(25 * HOUR_S, 24), 0.0)
        self.assertEqual(buckets.sum(900 * HOUR_S, 24), 0.0)


@unittest.skipIf(MISSING, REASON)
class FeatureTest(unittest.TestCase):
    def test_first_payment(self) -> None:
        rows = feature_rows(payments([(0.5, 1, 2, FIRST_MEAN, False)]))
        self.assertEqual(value(rows, 0, "amount_to_mean"), 1.0)
        self.assertEqual(value(rows, 0, "person_count_30d"), 0.0)
        self.assertEqual(value(rows, 0, "days_since_fraud"), NEVER_DAYS)

    def test_a_label_is_seen_after_seven_days(self) -> None:
        rows = feature_rows(payments([(0, 1, 2, 50, True), (6.99, 3, 2, 50, False), (7, 4, 2, 50, False)]))
        name = "destination_unexplained_7d"
        self.assertEqual([value(rows, index, name) for index in range(3)], [0.0, 0.0, 1.0])
        self.assertEqual(value(rows, 2, "destination_unexplained_share_7d"), 1.0)
        self.assertEqual(value(rows, 2, "days_since_first_unexplained"), 7.0)
        self.assertEqual(value(rows, 2, "days_since_genuine"), NEVER_DAYS)

    def test_a_large_amount_explains_a_fraud_and_leaves_the_mean_when_confirmed(self) -> None:
        rows = feature_rows(payments([
            (0, 1, 2, 53, False), (1, 1, 2, 200, True), (2, 1, 2, 53, False), (9, 1, 2, 53, False),
        ]))
        self.assertEqual(value(rows, 2, "person_suspicious_7d"), 1.0)
        self.assertLess(value(rows, 2, "amount_to_mean"), 0.6)
        self.assertEqual(value(rows, 3, "amount_to_mean"), 1.0)
        self.assertEqual(value(rows, 3, "destination_unexplained_28d"), 0.0)
        self.assertEqual(value(rows, 3, "days_since_fraud"), 8.0)

    def test_a_payment_sees_only_what_was_before_it(self) -> None:
        random = np.random.default_rng(1)
        days = np.sort(random.random(400) * 60)
        table = [
            (day, *random.integers(5, size=2).tolist(), float(random.integers(1, 300)), random.random() < 0.2)
            for day in days.tolist()
        ]
        rows = feature_rows(payments(table))
        self.assertTrue(np.isfinite(rows).all())
        np.testing.assert_array_equal(feature_rows(payments(table[:250])), rows[:250])
        # The labels of the last seven days have not arrived.
        late = [(*row[:4], not row[4]) if row[0] > days[-1] - 7 else row for row in table]
        np.testing.assert_array_equal(feature_rows(payments(late)), rows)


if __name__ == "__main__":
    unittest.main()
