"""A training table: one row for each transaction with what was known when it was paid, as `causeway features replay`
writes it, and the scores of an engine by id.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from pyarrow.parquet import read_schema

from generate import DAY_S, START

# Every other column of a table is a feature.
COLUMNS = ("id", "time", "customer", "wallet", "is_fraud", "label_time")


@dataclass(frozen=True)
class Table:
    """Transactions in the order of their ids."""

    ids: np.ndarray
    day: np.ndarray  # since 1 April 2018
    customer: np.ndarray
    fraud: np.ndarray
    names: tuple[str, ...]
    rows: np.ndarray  # float32 [n, names]


def read_table(path: Path, names: list[str]) -> Table:
    """Reads CSV or Parquet with these features, in the order given. Values that are missing or not finite are refused:
    the graph would decide otherwise.
    """
    there = columns_of(path)
    missing = [name for name in names if name not in there]
    if missing:
        raise ValueError(f"the table has no {', '.join(missing)}; it has {', '.join(set(there) - set(COLUMNS))}")
    frame = read_frame(path, [*COLUMNS, *names])
    frame["id"] = frame["id"].astype(np.int64)
    frame = frame.sort_values("id", kind="stable")
    times = pd.to_datetime(frame["time"], utc=True).dt.tz_localize(None).to_numpy().astype("datetime64[s]")
    table = Table(
        ids=frame["id"].to_numpy(),
        day=(times - START).astype(np.int64) // DAY_S,
        customer=frame["customer"].astype(np.int64).to_numpy(),
        fraud=frame["is_fraud"].to_numpy().astype(bool),
        names=tuple(names),
        rows=frame[names].to_numpy(dtype=np.float32),
    )
    for name, column in zip(names, table.rows.T, strict=True):
        if not np.isfinite(column).all():
            raise ValueError(f"{path}: {name} has values that are missing or not finite; fill them in")
    return table


def read_scores(path: Path, table: Table, model: str) -> np.ndarray:
    """The scores of a model in a file of id, model and score: in the order of the table, NaN where there is none."""
    frame = read_frame(path)
    frame = frame[frame["model"] == model]
    scores = pd.Series(frame["score"].to_numpy(dtype=np.float32), index=frame["id"].to_numpy())
    return scores.reindex(table.ids).to_numpy()


def read_frame(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Either format, by the name of the file; of the columns only these."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path, columns=columns)
    return pd.read_csv(path, usecols=columns)


def columns_of(path: Path) -> list[str]:
    """The names of all columns."""
    return list(read_schema(path).names if path.suffix == ".parquet" else pd.read_csv(path, nrows=0).columns)
