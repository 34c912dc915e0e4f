"""The benchmark's protocol: which transactions train and test, and the three figures by which scores are judged.

Days count from 1 April 2018. Labels arrive 7 days late, so a fold trains on 7 days, skips 7 and tests on 7.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

START = date(2018, 4, 1)
WEEK = 7
DELAY = 7
TOP_CARDS = 100


@dataclass(frozen=True)
class Fold:
    """One training and its test week, by the day on which the book's training week starts."""

    start: int

    @property
    def train(self) -> tuple[int, int]:
        """The days of the book's training week, half-open."""
        return self.start, self.start + WEEK

    @property
    def test(self) -> tuple[int, int]:
        """The days of the test week, half-open."""
        return self.start + WEEK + DELAY, self.start + WEEK + DELAY + WEEK

    @property
    def name(self) -> str:
        """The first day of the test week."""
        return str(START + timedelta(days=self.test[0]))

    def history(self, days: int | None = None) -> tuple[int, int]:
        """The days of a longer training that ends as the book's does; their labels are known when the test starts."""
        return 0 if days is None else max(0, self.train[1] - days), self.train[1]


def day_number(day: date) -> int:
    """Days since the data begin."""
    return (day - START).days


TEST_FOLDS = tuple(Fold(day_number(date(2018, 7, 25)) + WEEK * week) for week in range(4))

# The test weeks of these end before the first of the four begins.
LAST_VALIDATION = TEST_FOLDS[0].start - WEEK
BOOK_VALIDATION_FOLDS = tuple(Fold(TEST_FOLDS[0].start - 14 - WEEK * week) for week in reversed(range(4)))
VALIDATION_FOLDS = tuple(Fold(LAST_VALIDATION - WEEK * week) for week in reversed(range(9)))


@dataclass(frozen=True)
class Figures:
    """How good a ranking is: area under the ROC curve, average precision, card precision among 100 a day."""

    auc: float
    average_precision: float
    card_precision: float

    @staticmethod
    def mean(figures: list["Figures"]) -> "Figures":
        """The mean over folds, as the book publishes it."""
        return Figures(*np.mean([(one.auc, one.average_precision, one.card_precision) for one in figures], axis=0))

    def __str__(self) -> str:
        return f"{self.auc:.4f} / {self.average_precision:.4f} / {self.card_precision:.4f}"


def in_days(day: np.ndarray, days: tuple[int, int]) -> np.ndarray:
    """The rows of a half-open range of days, as a mask."""
    return (day >= days[0]) & (day < days[1])


def tested(fold: Fold, day: np.ndarray, customer: np.ndarray, fraud: np.ndarray) -> np.ndarray:
    """The rows of the test week whose customer is not known as compromised on that day, as a mask.

    Known are the frauds of the book's training week and, for a test day, those until the day whose labels have all
    arrived when it begins: eight days before it. A longer training does not change this, so that all are judged alike.
    """
    first, end = fold.test
    known = set(customer[in_days(day, fold.train) & fraud].tolist())
    mask = np.zeros(len(day), dtype=bool)
    for today in range(first, end):
        known |= set(customer[(day == today - DELAY - 1) & fraud].tolist())
        mask |= (day == today) & ~np.isin(customer, list(known))
    return mask


def card_precision(
    day: np.ndarray, customer: np.ndarray, fraud: np.ndarray, score: np.ndarray, top: int = TOP_CARDS
) -> float:
    """Of the `top` customers a day with the highest score the fraction that is compromised, as mean over the days.

    A customer that was found on one day is not looked at on the next.
    """
    found: set[int] = set()
    precisions = []
    for today in np.unique(day):
        rows = np.flatnonzero(day == today)
        rows = rows[~np.isin(customer[rows], list(found))]
        customers, of_row = np.unique(customer[rows], return_inverse=True)
        highest = np.full(len(customers), -np.inf)
        np.maximum.at(highest, of_row, score[rows])
        compromised = np.zeros(len(customers), dtype=bool)
        np.logical_or.at(compromised, of_row, fraud[rows])
        chosen = np.argsort(-highest, kind="stable")[:top]
        caught = customers[chosen[compromised[chosen]]]
        found |= set(caught.tolist())
        precisions.append(len(caught) / top)
    return float(np.mean(precisions))


def judge(day: np.ndarray, customer: np.ndarray, fraud: np.ndarray, score: np.ndarray) -> Figures:
    """The three figures of the tested rows of one week."""
    return Figures(
        auc=float(roc_auc_score(fraud, score)),
        average_precision=float(average_precision_score(fraud, score)),
        card_precision=card_precision(day, customer, fraud, score),
    )
