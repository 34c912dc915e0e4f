"""Runs the book's own models on the book's own features, to show that the protocol here is the book's.

    python models/benchmark/baselines.py FOLDER/transactions.csv OUT

Prints the figures of the four test weeks, and beside those of the week of 8 August 2018 the published ones; writes them
to OUT/baselines.json, where run.py and engine.py find them. XGBoost's defaults have changed since the book: those of its
time are spelled out. Takes two minutes.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from xgboost import XGBClassifier

from generate import DAY_S
from protocol import DELAY, TEST_FOLDS, Figures, in_days, judge, tested
from report import BASELINES
from transactions import Columns, read

WINDOWS = (1, 7, 30)
NIGHT_ENDS_S = 7 * 3_600
THREADS = 1

# Chapter 3: the area under the ROC curve, average precision and card precision@100 with default parameters.
PUBLISHED = {
    "logistic regression": (LogisticRegression(random_state=0), Figures(0.871, 0.606, 0.291)),
    "tree of depth 2": (DecisionTreeClassifier(max_depth=2, random_state=0), Figures(0.763, 0.496, 0.241)),
    "unlimited tree": (DecisionTreeClassifier(random_state=0), Figures(0.788, 0.309, 0.243)),
    "random forest": (RandomForestClassifier(random_state=0, n_jobs=THREADS), Figures(0.867, 0.658, 0.287)),
    "XGBoost": (
        XGBClassifier(random_state=0, n_jobs=THREADS, base_score=0.5, tree_method="exact"),
        Figures(0.862, 0.639, 0.273),
    ),
}


class Windows:
    """Sliding windows per entity over all rows: a row's window holds what came before it, and the row itself."""

    def __init__(self, entity: np.ndarray, second: np.ndarray) -> None:
        self.order = np.lexsort((second, entity))
        # Entities lie further apart than any window is long, so that none reaches into another's rows.
        self.keys = entity[self.order] * (1_000 * DAY_S) + second[self.order]

    def sums(self, values: np.ndarray, days: int) -> np.ndarray:
        """The sum of the values in the last `days` days."""
        totals = np.concatenate([[0.0], np.cumsum(values[self.order])])
        first = np.searchsorted(self.keys, self.keys - days * DAY_S, side="right")
        sums = np.empty(len(values))
        sums[self.order] = totals[1:] - totals[first]
        return sums


def features(data: Columns) -> np.ndarray:
    """The fifteen features of chapter 3, one row for each transaction."""
    day, ones = data.day, np.ones(len(data.second))
    # 1 April 2018 was a Sunday.
    columns = [data.amount, ((day + 6) % 7 >= 5) * 1.0, (data.second % DAY_S < NIGHT_ENDS_S) * 1.0]
    customers = Windows(data.customer, data.second)
    for window in WINDOWS:
        count = customers.sums(ones, window)
        columns += [count, customers.sums(data.amount, window) / count]
    terminals = Windows(data.terminal, data.second)
    for window in WINDOWS:
        count, frauds = (
            terminals.sums(values, DELAY + window) - terminals.sums(values, DELAY) for values in (ones, data.fraud)
        )
        columns += [count, np.divide(frauds, count, out=np.zeros_like(count), where=count > 0)]
    return np.column_stack(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description="Runs the book's models again.")
    parser.add_argument("transactions", type=Path, help="what generate.py wrote")
    parser.add_argument("out", type=Path, help="where baselines.json is written")
    options = parser.parse_args()
    data = read(options.transactions)
    rows, found = features(data), {name: {} for name in PUBLISHED}
    for fold in TEST_FOLDS:
        learn = in_days(data.day, fold.train)
        test = tested(fold, data.day, data.customer, data.fraud)
        print(f"{fold.name}: {learn.sum()} rows train, {test.sum()} with {data.fraud[test].sum()} frauds test")
        for name, (classifier, published) in PUBLISHED.items():
            model = make_pipeline(StandardScaler(), classifier).fit(rows[learn], data.fraud[learn])
            score = model.predict_proba(rows[test])[:, 1]
            figures = judge(data.day[test], data.customer[test], data.fraud[test], score)
            found[name][fold.name] = asdict(figures)
            print(f"{name:20} {figures}" + (f", published {published}" if fold is TEST_FOLDS[0] else ""), flush=True)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / BASELINES).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
