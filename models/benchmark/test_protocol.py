"""The protocol on tables small enough to judge by hand."""

import unittest
from datetime import date

import numpy as np

from protocol import (
    BOOK_VALIDATION_FOLDS,
    TEST_FOLDS,
    VALIDATION_FOLDS,
    Figures,
    Fold,
    card_precision,
    day_number,
    judge,
    tested,
)


def columns(rows: list[tuple]) -> list[np.ndarray]:
    """The columns of rows of (day, customer, fraud, …)."""
    day, customer, fraud, *more = (np.array(column) for column in zip(*rows, strict=True))
    return [day, customer, fraud.astype(bool), *more]


class FoldTest(unittest.TestCase):
    def test_days(self) -> None:
        self.assertEqual([fold.name for fold in TEST_FOLDS], ["2018-08-08", "2018-08-15", "2018-08-22", "2018-08-29"])
        self.assertEqual(Fold(10).train, (10, 17))
        self.assertEqual(Fold(10).test, (24, 31))
        self.assertEqual(Fold(10).history(), (0, 17))
        self.assertEqual(Fold(30).history(28), (9, 37))
        self.assertEqual(Fold(10).history(28), (0, 17))

    def test_validation_ends_before_the_first_test_week(self) -> None:
        first = day_number(date(2018, 8, 8))
        for fold in VALIDATION_FOLDS + BOOK_VALIDATION_FOLDS:
            self.assertLessEqual(fold.test[1], first)
            self.assertGreaterEqual(fold.start, 0)
        self.assertEqual(VALIDATION_FOLDS[-1].test[1], first)


class TestedTest(unittest.TestCase):
    def test_known_customers_are_left_out(self) -> None:
        fold = Fold(0)
        for reason, rows, expect in [
            ("nobody is known", [(14, 1, 0), (20, 1, 1)], [14, 20]),
            ("outside the week", [(13, 1, 0), (14, 1, 0), (21, 1, 0)], [14]),
            ("fraud of the training week", [(0, 1, 1), (14, 1, 0), (14, 2, 0)], [14]),
            ("before the training week", [(-1, 1, 1), (14, 1, 0)], [14]),
            ("known from the eighth day after the fraud", [(7, 1, 1), (14, 1, 0), (15, 1, 0), (16, 1, 0)], [14]),
            ("fraud of the test week itself", [(14, 1, 1), (20, 1, 1)], [14, 20]),
        ]:
            with self.subTest(reason):
                day, customer, fraud = columns(rows)
                self.assertEqual(day[tested(fold, day, customer, fraud)].tolist(), expect)


class FiguresTest(unittest.TestCase):
    def test_card_precision(self) -> None:
        for reason, rows, expect in [
            ("the highest score of a customer counts", [(0, 1, 1, 0.1), (0, 1, 0, 0.9), (0, 2, 0, 0.5)], 1.0),
            ("one of two", [(0, 1, 0, 0.9), (0, 2, 1, 0.5)], 0.0),
            ("found once", [(0, 1, 1, 0.9), (1, 1, 1, 0.9), (1, 2, 0, 0.1)], 0.5),
            ("missed, found later", [(0, 1, 1, 0.1), (0, 2, 0, 0.9), (1, 1, 1, 0.9), (1, 2, 0, 0.1)], 0.5),
        ]:
            with self.subTest(reason):
                self.assertEqual(card_precision(*columns(rows), top=1), expect)

    def test_few_customers_are_still_divided_by_all_places(self) -> None:
        self.assertEqual(card_precision(*columns([(0, 1, 1, 0.9), (0, 2, 0, 0.5)])), 0.01)

    def test_judge(self) -> None:
        figures = judge(*columns([(0, 1, 0, 0.1), (0, 2, 1, 0.4), (0, 3, 0, 0.35), (0, 4, 1, 0.8)]))
        self.assertEqual(figures, Figures(auc=1.0, average_precision=1.0, card_precision=0.02))

    def test_mean(self) -> None:
        self.assertEqual(Figures.mean([Figures(0.5, 0.25, 0.0), Figures(1.0, 0.75, 0.5)]), Figures(0.75, 0.5, 0.25))


if __name__ == "__main__":
    unittest.main()
