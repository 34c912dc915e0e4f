"""What is remembered of a person, and the feature vector computed from it, as the risk engine does both.

A payment sees only the payments before it: `features` first, `remember` after it.
"""

from collections.abc import Iterable
from math import log10

import numpy as np

from features import FEATURES, MOST_AMOUNT_TO_MEAN, NEVER_SECONDS
from payments import Payment

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class SlidingSum:
    """A sum over the last `window_ms`, estimated from two buckets.

    Buckets are aligned to multiples of the window since the epoch. The estimate is the current bucket plus the
    previous one times the fraction of it that the window still covers: constant memory, whatever the traffic.
    """

    def __init__(self, window_ms: int) -> None:
        self._window_ms = window_ms
        self._bucket = 0
        self._current = 0
        self._previous = 0

    def add(self, now_ms: int, value: int) -> None:
        """Counts `value` at `now_ms`, which never goes backwards."""
        self._previous, self._current = self._buckets_at(now_ms)
        self._bucket = now_ms // self._window_ms
        self._current += value

    def estimate(self, now_ms: int) -> float:
        """The sum over the window that ends at `now_ms`."""
        previous, current = self._buckets_at(now_ms)
        elapsed = now_ms % self._window_ms
        return current + previous * (self._window_ms - elapsed) / self._window_ms

    def _buckets_at(self, now_ms: int) -> tuple[int, int]:
        passed = now_ms // self._window_ms - self._bucket
        if passed == 0:
            return self._previous, self._current
        return (self._current, 0) if passed == 1 else (0, 0)


class PersonHistory:
    """Every redemption of one person so far, approved or declined, in constant memory. Amounts are whole US cents."""

    def __init__(self) -> None:
        self._count = 0
        self._cents = 0
        self._last_ms = 0
        self._count_1h = SlidingSum(HOUR_MS)
        self._count_24h = SlidingSum(DAY_MS)
        self._cents_24h = SlidingSum(DAY_MS)
        self._declines_24h = SlidingSum(DAY_MS)

    def features(self, payment: Payment) -> list[float]:
        """The vector of `payment`, in the order of `features.FEATURES`, from the payments remembered so far."""
        now = payment.at_ms
        return [
            log10(1 + payment.amount_cents / 100),
            self._amount_to_mean(payment.amount_cents),
            self._count_1h.estimate(now),
            self._count_24h.estimate(now),
            log10(1 + self._cents_24h.estimate(now) / 100),
            log10(1 + self._seconds_since_last(now)),
            self._declines_24h.estimate(now),
            float(self._count == 0),
            float(now % DAY_MS // HOUR_MS),
            float(is_weekend(now)),
            float(payment.is_pay_out),
            float(payment.is_card),
            log10(1 + payment.session_age_ms / 1000),
            payment.quote_age_ms / 1000,
        ]

    def remember(self, payment: Payment) -> None:
        """Counts `payment` for those that follow it."""
        now = payment.at_ms
        self._count += 1
        self._cents += payment.amount_cents
        self._last_ms = now
        self._count_1h.add(now, 1)
        self._count_24h.add(now, 1)
        self._cents_24h.add(now, payment.amount_cents)
        self._declines_24h.add(now, int(payment.declined))

    def _amount_to_mean(self, amount_cents: int) -> float:
        if self._count == 0:
            return 1.0
        return min(amount_cents * self._count / self._cents, MOST_AMOUNT_TO_MEAN)

    def _seconds_since_last(self, now_ms: int) -> float:
        return NEVER_SECONDS if self._count == 0 else (now_ms - self._last_ms) / 1000


def is_weekend(at_ms: int) -> bool:
    """Whether the time lies on a Saturday or Sunday in UTC. Day 0 of the epoch was a Thursday."""
    return (at_ms // DAY_MS + 3) % 7 >= 5


def feature_rows(payments: Iterable[Payment]) -> np.ndarray:
    """The vectors of payments in time order: float32, one row a payment, one column a feature."""
    people: dict[int, PersonHistory] = {}
    rows = []
    for payment in payments:
        person = people.setdefault(payment.person, PersonHistory())
        rows.append(person.features(payment))
        person.remember(payment)
    return np.array(rows, dtype=np.float32).reshape(-1, len(FEATURES))
