"""The features: windows against hand-computed values, one person's payments by hand, no look ahead."""

import unittest
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import log10

import numpy as np

from features import FEATURES, NAMES
from history import DAY_MS, HOUR_MS, SlidingSum, feature_rows, is_weekend
from payments import Payment, generate

# Monday 5 January 2026, 10:00 UTC, the start of an hour bucket and ten hours into a day bucket.
MONDAY_10_MS = int(datetime(2026, 1, 5, 10, tzinfo=UTC).timestamp()) * 1000

FIRST = Payment(
    person=1, at_ms=MONDAY_10_MS, amount_cents=9_900, is_pay_out=False, is_card=True, is_server=False,
    session_age_ms=99_000, quote_age_ms=1_500, declined=True, reported_fraud=False,
)


class SlidingSumTest(unittest.TestCase):
    def test_estimates(self) -> None:
        for adds, now, expect in [
            ([], 0.5, 0.0),
            ([(0.25, 3)], 0.25, 3.0),
            ([(0.25, 3)], 0.99, 3.0),
            ([(0.25, 3)], 1.25, 2.25),
            ([(0.25, 3), (1.1, 2)], 1.5, 3.5),
            ([(0.25, 3), (1.1, 2)], 2.5, 1.0),
            ([(0.25, 3), (1.1, 2)], 3.0, 0.0),
            ([(0.25, 3), (2.1, 2)], 2.5, 2.0),
        ]:
            with self.subTest(adds=adds, now=now):
                window = SlidingSum(HOUR_MS)
                for hours, value in adds:
                    window.add(int(hours * HOUR_MS), value)
                self.assertEqual(window.estimate(int(now * HOUR_MS)), expect)


class FeatureTest(unittest.TestCase):
    def test_one_person_by_hand(self) -> None:
        second = replace(
            FIRST, at_ms=MONDAY_10_MS + 90 * 60_000, amount_cents=49_500,
            is_pay_out=True, is_card=False, quote_age_ms=0,
        )
        # Half of the hour before 11:00 lies in the hour before 11:30; the day's bucket is the current one.
        expect = [
            [2.0, 1, 0, 0, 0, log10(1 + 30 * 86_400), 0, 1, 10, 0, 0, 1, 2.0, 1.5],
            [log10(496), 5, 0.5, 1, 2.0, log10(5_401), 1, 0, 11, 0, 1, 0, 2.0, 0],
        ]
        np.testing.assert_array_equal(feature_rows([FIRST, second]), np.array(expect, dtype=np.float32))

    def test_amount_to_mean_is_clipped(self) -> None:
        rows = feature_rows([FIRST, replace(FIRST, at_ms=MONDAY_10_MS + 1, amount_cents=9_900 * 101)])
        self.assertEqual(rows[1, NAMES.index("amount_to_mean")], 100.0)

    def test_weekend_agrees_with_the_calendar(self) -> None:
        for days in range(14):
            at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(days=days)
            self.assertEqual(is_weekend(int(at.timestamp()) * 1000), at.weekday() >= 5, at)
            self.assertEqual(is_weekend(int(at.timestamp()) * 1000 + DAY_MS - 1), at.weekday() >= 5, at)

    def test_a_payment_sees_only_what_was_before_it(self) -> None:
        payments = generate(seed=1, persons=200)
        rows = feature_rows(payments)
        self.assertEqual(rows.shape, (len(payments), len(FEATURES)))
        self.assertEqual(rows.dtype, np.float32)
        self.assertTrue(np.isfinite(rows).all())
        half = len(payments) // 2
        np.testing.assert_array_equal(feature_rows(payments[:half]), rows[:half])

    def test_labels_are_not_an_input(self) -> None:
        payments = generate(seed=1, persons=200)
        flipped = [replace(payment, reported_fraud=not payment.reported_fraud) for payment in payments]
        np.testing.assert_array_equal(feature_rows(flipped), feature_rows(payments))


if __name__ == "__main__":
    unittest.main()
