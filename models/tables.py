"""The table that models are trained on: named columns, one row a payment, in time order. The gateway's replay wrote it."""

import csv
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

import gateway
import payments
from features import BASELINE, ENGINE_NAMES


# Columns that every table has.
ALWAYS = ("time", "is_fraud", "label_time", "is_hosted")


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


def synthetic(seed: int, program: Path) -> Table:
    """The synthetic payments of a seed, replayed by the program."""
    with tempfile.TemporaryDirectory() as folder:
        rows, labels = payments.write(Path(folder), payments.generate(seed))
        table = Path(folder) / "table.csv"
        gateway.replay(program, rows, labels, table)
        return replayed(table, list(BASELINE))


def replayed(path: Path, names: list[str] | None = None, learn_share: float = 0.7) -> Table:
    """The table that `causeway features replay` wrote as CSV: of `names`, or of all its features.

    Payments of which nothing became known are left out. The split lies at a share of the time, never at random, which
    would let a model learn from the future; and what was known only after it is no label for learning: at that moment
    nobody could have trained with it.
    """
    header, lines = _read(path)
    names = [name for name in header if name in ENGINE_NAMES] if names is None else names
    missing = [name for name in (*ALWAYS, *names) if name not in header]
    if missing:
        raise ValueError(f"{path} has no {', '.join(missing)}: replay the payments again")
    column = header.index
    labelled = [line for line in lines if line[column("is_fraud")]]
    if not labelled:
        raise ValueError(f"{path} has no labels: give the replay is_fraud and label_time")
    at_ms = np.array([_millis(line[column("time")]) for line in labelled], dtype=np.int64)
    start_ms, end_ms = int(at_ms[0]), int(at_ms[-1]) + 1
    split_ms = start_ms + int((end_ms - start_ms) * learn_share)
    known_ms = np.array([_millis(line[column("label_time")]) for line in labelled], dtype=np.int64)
    labels = np.array([line[column("is_fraud")] == "1" for line in labelled])
    known = known_ms <= split_ms
    # Legitimate payments are known later than frauds: of the last time before the split only frauds are, and a model that
    # learned from those would take all that is recent for fraud.
    legitimate = at_ms[known & ~labels]
    if not len(legitimate):
        raise ValueError(
            f"{path} has no legitimate payment that was known by {rfc3339(split_ms)}, where learning ends: those need a "
            "label_time too, such as that after which nobody reports a fraud any more"
        )
    ripe = at_ms <= legitimate.max()
    keep = (at_ms >= split_ms) | (known & ripe)
    places = [column(name) for name in names]
    try:
        rows = np.array([[line[place] for place in places] for line in labelled], dtype=np.float32)
    except ValueError as error:
        raise ValueError(f"{path} has a feature that is no number ({error}): replay the payments again") from None
    hosted = np.array([line[column("is_hosted")] == "1" for line in labelled])
    return Table(
        names=tuple(names), rows=rows[keep], at_ms=at_ms[keep], labels=labels[keep], is_server=~hosted[keep],
        start_ms=start_ms, split_ms=split_ms, end_ms=end_ms,
    )


def check(table: Table) -> None:
    """Raises ValueError where nothing could be learned or judged: both windows need frauds and others."""
    for part, window, what in [(table.learn, "learning", "learn from"), (table.test, "judging", "judge by")]:
        (start, end), labels = part.window, part.labels
        if labels.any() and not labels.all():
            continue
        kind = "legitimate payment" if labels.any() else "fraud"
        raise ValueError(
            f"there is no {kind} to {what} among the {len(labels)} payments for {window}, from {start} to {end}: give a longer "
            "history, or labels that became known earlier"
        )


def _read(path: Path) -> tuple[list[str], list[list[str]]]:
    """The header and the lines, all as long."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no table that `causeway features replay` wrote as CSV ({error})") from None
    if not lines:
        raise ValueError(f"{path} is empty: replay the payments again")
    header = lines[0]
    for number, line in enumerate(lines, 1):
        if len(line) != len(header):
            raise ValueError(f"{path} has {len(line)} fields in row {number} and {len(header)} in its first: is it whole?")
    return header, lines[1:]


def _millis(text: str) -> int:
    """The time, or one that never comes when there is none."""
    return int(datetime.fromisoformat(text).timestamp() * 1000) if text else 2**62


def rfc3339(at_ms: int) -> str:
    """The time in UTC, to the second."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
