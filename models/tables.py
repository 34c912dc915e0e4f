"""The table that models are trained on: named columns, one row a payment, in time order.

Nothing but `synthetic` knows where the rows come from.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np

from features import NAMES
from history import DAY_MS, feature_rows
from payments import DAYS, START_MS, generate

# Trained on the first six weeks, judged on the rest: a random split would let the model learn from the future.
LEARN_DAYS = 42


@dataclass(frozen=True)
class Table:
    """Payments from `start_ms` to before `end_ms`. Those before `split_ms` are for learning, the others for judging.

    `rows` are float32 [n, names]; times are int64 [n], milliseconds since the epoch; `labels`, the reported frauds, and
    `is_server`, whether the partner is a server-to-server one, are bool [n].
    """

    names: tuple[str, ...]
    rows: np.ndarray
    at_ms: np.ndarray
    labels: np.ndarray
    is_server: np.ndarray
    start_ms: int
    split_ms: int
    end_ms: int

    @property
    def learn(self) -> "Table":
        """The training window."""
        return self._part(self.start_ms, self.split_ms)

    @property
    def test(self) -> "Table":
        """The test window, which no model has seen."""
        return self._part(self.split_ms, self.end_ms)

    @property
    def window(self) -> tuple[str, str]:
        """Start and end in RFC 3339."""
        return rfc3339(self.start_ms), rfc3339(self.end_ms)

    def _part(self, start_ms: int, end_ms: int) -> "Table":
        inside = slice(*np.searchsorted(self.at_ms, [start_ms, end_ms]))
        return replace(
            self, rows=self.rows[inside], at_ms=self.at_ms[inside], labels=self.labels[inside],
            is_server=self.is_server[inside], start_ms=start_ms, end_ms=end_ms,
        )


def synthetic(seed: int) -> Table:
    """The synthetic payments of a seed."""
    payments = generate(seed)
    return Table(
        names=NAMES,
        rows=feature_rows(payments),
        at_ms=np.array([payment.at_ms for payment in payments], dtype=np.int64),
        labels=np.array([payment.reported_fraud for payment in payments]),
        is_server=np.array([payment.is_server for payment in payments]),
        start_ms=START_MS, split_ms=START_MS + LEARN_DAYS * DAY_MS, end_ms=START_MS + DAYS * DAY_MS,
    )


def rfc3339(at_ms: int) -> str:
    """The time in UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
