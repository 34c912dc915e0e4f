"""A training table: one row for each transaction with what was known when it was paid, and scores by id.

This is the seam to the gateway: emulate.py writes such a table for now, the engine's replay of the transactions writes
the same columns, and scores may come from a model here or from a running engine.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from generate import DAY_S, START

# Every other column of a table is a feature.
COLUMNS = ("id", "at", "customer", "terminal", "is_fraud", "label_time")
# What `causeway features replay` calls these columns.
NAMES_OF_A_REPLAY = {"time": "at", "wallet": "terminal"}


@dataclass(frozen=True)
class Table:
    """Transactions in the order of their ids."""

    ids: np.ndarray
    day: np.ndarray  # since 1 April 2018
    customer: np.ndarray
    fraud: np.ndarray
    names: tuple[str, ...]
    rows: np.ndarray  # float32 [n, names]

    def only(self, names: list[str]) -> "Table":
        """The table with some of the features, in the order given."""
        missing = [name for name in names if name not in self.names]
        if missing:
            raise ValueError(f"the table has no {', '.join(missing)}; it has {', '.join(self.names)}")
        columns = [self.names.index(name) for name in names]
        return Table(self.ids, self.day, self.customer, self.fraud, tuple(names), self.rows[:, columns])


def read_table(path: Path) -> Table:
    """Reads CSV or Parquet. Features that are missing or not finite are refused: the graph would decide otherwise."""
    frame = read_frame(path).rename(columns=NAMES_OF_A_REPLAY)
    frame["id"] = frame["id"].astype(np.int64)
    frame = frame.sort_values("id", kind="stable")
    names = tuple(name for name in frame.columns if name not in COLUMNS)
    times = pd.to_datetime(frame["at"], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    table = Table(
        ids=frame["id"].to_numpy(),
        day=(times - START).astype(np.int64) // DAY_S,
        customer=frame["customer"].astype(np.int64).to_numpy(),
        fraud=frame["is_fraud"].to_numpy().astype(bool),
        names=names,
        rows=frame[list(names)].to_numpy(dtype=np.float32),
    )
    for name, column in zip(names, table.rows.T, strict=True):
        if not np.isfinite(column).all():
            raise ValueError(f"{path}: {name} has values that are missing or not finite; fill them in")
    return table


def read_scores(path: Path, table: Table) -> np.ndarray:
    """Reads id and score: the scores in the order of the table, NaN where there is none."""
    frame = read_frame(path)
    scores = pd.Series(frame["score"].to_numpy(dtype=np.float64), index=frame["id"].to_numpy())
    return scores.reindex(table.ids).to_numpy()


def read_frame(path: Path) -> pd.DataFrame:
    """Either format, by the name of the file."""
    return pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
