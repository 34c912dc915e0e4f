"""Computes the benchmark's features as the gateway's engine does, one transaction after the other.

    python models/benchmark/emulate.py FOLDER/transactions.csv TABLE

Writes a training table (CSV or Parquet) in two to four minutes. Stands in for the engine's own replay until that
writes the same table. Every feature takes constant time and bounded memory for each person or destination; a label is
seen when it arrives, seven days after its transaction, never earlier.
"""

import argparse
import sys
from math import sqrt
from pathlib import Path

import numpy as np
import pandas as pd

from generate import CUSTOMERS, DAY_S, START, TERMINALS
from protocol import DELAY
from transactions import Columns, read

HOUR_S = 3_600
# An amount above this many times the person's mean is suspicious, whatever the model says; decided when it is paid.
SUSPICIOUS = 3.0
# Above this the amount alone explains a fraud.
LARGE = 220.0
# Stands for "never", and is longer than the benchmark.
NEVER_DAYS = 365.0
# A person's mean starts as if one payment of this amount had been made.
FIRST_MEAN = 53.0


class Buckets:
    """Counts of the last `size` spans of time; the oldest counts by the share that a window still covers."""

    def __init__(self, span_s: int, size: int) -> None:
        self.span_s, self.size = span_s, size
        self.counts = [0] * (size + 1)
        self.newest = 0

    def turn(self, second: int) -> None:
        """Empties what has become too old."""
        bucket = second // self.span_s
        for gone in range(max(self.newest + 1, bucket - self.size), bucket + 1):
            self.counts[gone % (self.size + 1)] = 0
        self.newest = max(self.newest, bucket)

    def add(self, second: int) -> None:
        """Counts an event now."""
        self.turn(second)
        self.counts[self.newest % (self.size + 1)] += 1

    def sum(self, second: int, spans: int) -> float:
        """The count over the last `spans` spans."""
        self.turn(second)
        whole = sum(self.counts[(self.newest - back) % (self.size + 1)] for back in range(spans))
        share = 1 - second % self.span_s / self.span_s
        return whole + share * self.counts[(self.newest - spans) % (self.size + 1)]


class Person:
    """What is kept of a customer."""

    def __init__(self) -> None:
        self.count, self.total, self.squares = 1.0, FIRST_MEAN, FIRST_MEAN**2 * 1.25
        self.hours, self.days = Buckets(HOUR_S, 24), Buckets(DAY_S, 30)
        self.suspicious = Buckets(DAY_S, 14)

    def mean(self) -> float:
        """Of the amounts that were not confirmed as fraud."""
        return self.total / self.count

    def take(self, amount: float, sign: int) -> None:
        """Takes an amount into mean and deviation, or out again when it is confirmed as fraud."""
        self.count += sign
        self.total += sign * amount
        self.squares += sign * amount * amount

    def features(self, second: int, amount: float) -> list[float]:
        """In the order of PERSON."""
        mean = self.mean()
        deviation = sqrt(max(self.squares / self.count - mean * mean, 0.0))
        return [
            amount, amount / mean, (amount - mean) / (deviation + 1),
            self.hours.sum(second, 24), self.days.sum(second, 30),
            self.suspicious.sum(second, 7), self.suspicious.sum(second, 14),
        ]


class Destination:
    """What is kept of a terminal. A matured payment is one whose label could have arrived."""

    def __init__(self) -> None:
        self.matured, self.unexplained = Buckets(DAY_S, 28), Buckets(DAY_S, 28)
        # Of the payments, not of the labels.
        self.last_matured = self.last_genuine = self.last_fraud = self.last_unexplained = self.first_unexplained = NEVER

    def label(self, paid: int, arrived: int, fraud: bool, unexplained: bool) -> None:
        """Learns what a payment was."""
        self.matured.add(arrived)
        self.last_matured = paid
        if not fraud:
            self.last_genuine = paid
            return
        self.last_fraud = paid
        if unexplained:
            self.unexplained.add(arrived)
            if paid - self.last_unexplained > FORGET_S:
                self.first_unexplained = paid
            self.last_unexplained = paid

    def features(self, second: int) -> list[float]:
        """In the order of DESTINATION."""
        row = []
        for days in WINDOWS:
            count, matured = self.unexplained.sum(second, days), self.matured.sum(second, days)
            row += [count, count / matured if matured > 0 else 0.0]
        times = (
            self.last_fraud, self.last_unexplained, self.first_unexplained, self.last_genuine, self.last_matured,
        )
        return row + [min((second - time) / DAY_S, NEVER_DAYS) for time in times]


WINDOWS = (3, 7, 14, 21, 28)
FORGET_S = 30 * DAY_S
NEVER = -int(NEVER_DAYS) * DAY_S

PERSON = [
    "amount", "amount_to_mean", "amount_z", "person_count_24h", "person_count_30d",
    "person_suspicious_7d", "person_suspicious_14d",
]
DESTINATION = [
    *(f"destination_unexplained_{what}{days}d" for days in WINDOWS for what in ("", "share_")),
    "days_since_fraud", "days_since_unexplained", "days_since_first_unexplained", "days_since_genuine",
    "days_since_matured",
]
NAMES = [*PERSON, *DESTINATION]


def feature_rows(data: Columns, progress: bool = False) -> np.ndarray:
    """The features of each transaction when it is paid, float32 [n, names]."""
    persons = [Person() for _ in range(CUSTOMERS)]
    destinations = [Destination() for _ in range(TERMINALS)]
    rows = np.empty((len(data.second), len(NAMES)), dtype=np.float32)
    columns = (data.second, data.customer, data.terminal, data.amount, data.fraud)
    payments = list(zip(*(column.tolist() for column in columns), strict=True))
    suspicious: list[bool] = []
    labelled = 0
    for index, (now, customer, terminal, amount, _) in enumerate(payments):
        while payments[labelled][0] + DELAY * DAY_S <= now:
            paid, person, destination, was, fraud = payments[labelled]
            if fraud:
                persons[person].take(was, -1)
            unexplained = fraud and not suspicious[labelled] and was <= LARGE
            destinations[destination].label(paid, paid + DELAY * DAY_S, fraud, unexplained)
            labelled += 1
        person = persons[customer]
        rows[index] = person.features(now, amount) + destinations[terminal].features(now)
        suspicious.append(amount > SUSPICIOUS * person.mean())
        person.take(amount, 1)
        person.hours.add(now)
        person.days.add(now)
        if suspicious[-1]:
            person.suspicious.add(now)
        if progress and index % 200_000 == 0:
            print(f"{index} of {len(rows)} transactions", file=sys.stderr)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description="Computes the benchmark's features.")
    parser.add_argument("transactions", type=Path, help="what generate.py wrote")
    parser.add_argument("table", type=Path, help="the training table to write, CSV or Parquet")
    options = parser.parse_args()
    data = read(options.transactions)
    frame = pd.DataFrame({
        "id": np.arange(len(data.second)), "at": pd.to_datetime(START + data.second.astype("timedelta64[s]"), utc=True),
        "customer": data.customer, "terminal": data.terminal, "is_fraud": data.fraud.astype(np.int8),
    })
    frame = pd.concat([frame, pd.DataFrame(feature_rows(data, progress=True), columns=NAMES)], axis=1)
    if options.table.suffix == ".parquet":
        frame.to_parquet(options.table, index=False)
    else:
        frame.to_csv(options.table, index=False, date_format="%Y-%m-%dT%H:%M:%SZ", float_format="%.9g")
    print(f"{options.table}: {len(frame)} rows, {len(NAMES)} features")


if __name__ == "__main__":
    main()
