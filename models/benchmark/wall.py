"""How good the best possible ranking would be, given that labels arrive late.

    python models/benchmark/wall.py FOLDER/transactions.csv

A terminal that was taken over shows nothing until a label of it has arrived. Prints, for the validation and the test
weeks, the figures of a ranking that knows every fraud but those on such terminals: a bound that no model is expected to
pass, but for luck with the rest.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from generate import DAY_S, TERMINAL_DAYS
from protocol import DELAY, TEST_FOLDS, VALIDATION_FOLDS, Figures, judge, tested
from transactions import read


def hidden(second: np.ndarray, terminal: np.ndarray, taken_over: np.ndarray) -> np.ndarray:
    """The frauds on terminals of which no label of the last take-over has arrived, as a mask."""
    mask = np.zeros(len(second), dtype=bool)
    order = np.flatnonzero(taken_over)
    for rows in pd.Series(order).groupby(terminal[order]):
        rows = rows[1].to_numpy()
        times = second[rows]
        arrived = np.searchsorted(times, times - DELAY * DAY_S, side="right")
        old = np.searchsorted(times, times - TERMINAL_DAYS * DAY_S, side="right")
        mask[rows] = arrived == old
    return mask


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints what a perfect ranking would reach.")
    parser.add_argument("transactions", type=Path, help="what generate.py wrote")
    path = parser.parse_args().transactions
    data = read(path)
    unseen = hidden(data.second, data.terminal, pd.read_csv(path, usecols=["scenario"])["scenario"].to_numpy() == 2)
    for kind, folds in (("validation", VALIDATION_FOLDS), ("test", TEST_FOLDS)):
        walls = []
        for fold in folds:
            rows = tested(fold, data.day, data.customer, data.fraud)
            fraud, known = data.fraud[rows], (data.fraud & ~unseen)[rows]
            walls.append(judge(data.day[rows], data.customer[rows], fraud, known.astype(float)))
            print(f"{kind:10} {fold.name}: {(fraud & ~known).sum()} of {fraud.sum()} hidden, {walls[-1]}")
        print(f"{kind:10} mean {Figures.mean(walls)}")


if __name__ == "__main__":
    main()
