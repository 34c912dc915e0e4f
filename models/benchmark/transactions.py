"""The transactions that generate.py wrote, as columns."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from generate import DAY_S, START


@dataclass(frozen=True)
class Columns:
    """Columns in time order; row i has the id i."""

    second: np.ndarray  # since the start
    customer: np.ndarray
    terminal: np.ndarray
    amount: np.ndarray
    fraud: np.ndarray

    @property
    def day(self) -> np.ndarray:
        """Days since the start."""
        return self.second // DAY_S


def read(path: Path) -> Columns:
    """Reads transactions.csv."""
    table = pd.read_csv(path)
    times = pd.to_datetime(table["at"], utc=True).dt.tz_localize(None).to_numpy()
    return Columns(
        second=(times.astype("datetime64[s]") - START).astype(np.int64),
        customer=table["customer"].to_numpy(),
        terminal=table["terminal"].to_numpy(),
        amount=table["amount"].to_numpy(),
        fraud=table["is_fraud"].to_numpy() == 1,
    )
