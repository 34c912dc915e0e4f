"""What drift is measured against: how the features and the score were distributed when the model was made."""

from dataclasses import dataclass

import numpy as np

MOST_BINS = 10

# An empty bin counts as this share, or one payment in it would be an infinite drift.
LEAST_SHARE = 1e-4

# Shares are written in millionths that sum to one exactly.
MILLION = 1_000_000


@dataclass(frozen=True)
class Bins:
    """One share more than edges, which ascend strictly: bin i holds edges[i-1] <= x < edges[i]."""

    edges: list[float]
    shares: list[float]


@dataclass(frozen=True)
class Reference:
    """The distributions of the score (test window) and of each feature (training window).

    `approval_rate` is the share of the test window that is approved without a second look.
    """

    approval_rate: float
    score: Bins
    features: dict[str, Bins]


def reference(features: list[str], rows: np.ndarray, scores: np.ndarray, step_up: float) -> Reference:
    """From the rows of the training window (float32 [n, features]) and the scores of the test window (float32 [m]).

    A feature that was always the same has no bins, and is left out: nothing can be compared with it.
    """
    found = {name: bins(column) for name, column in zip(features, rows.T, strict=True)}
    return Reference(
        approval_rate=round(float(np.mean(scores < np.float32(step_up))), 6),
        score=bins(scores),
        features={name: each for name, each in found.items() if each.edges},
    )


def bins(values: np.ndarray) -> Bins:
    """At most ten bins of about the same share; a value that is frequent has one of its own, and the rest share what
    is left. Edges are float32 values that occur, so that few values give few bins.
    """
    if not np.isfinite(values).all():
        raise ValueError("A distribution has values that are no finite numbers.")
    distinct, counts = np.unique(values.astype(np.float32), return_counts=True)
    starts = []
    inside, left = 0, len(values)
    for value, count in zip(distinct, counts, strict=True):
        if inside and inside * (MOST_BINS - len(starts)) >= left and len(starts) < MOST_BINS - 1:
            starts.append(value)
            inside, left = 0, left - inside
        inside += int(count)
    edges = [float(str(start)) for start in starts]
    return Bins(edges, _millionths(counted(values, edges)))


def counted(values: np.ndarray, edges: list[float]) -> np.ndarray:
    """How many values lie in each bin."""
    places = np.searchsorted(np.array(edges, dtype=np.float32), values.astype(np.float32), side="right")
    return np.bincount(places, minlength=len(edges) + 1)


def psi(expected: Bins, values: np.ndarray) -> float:
    """The population stability index of values against bins: 0 when the shares are the same; above 0.1 one looks,
    above 0.25 one acts, as is the custom.
    """
    counts = counted(values, expected.edges)
    actual = np.maximum(counts / max(counts.sum(), 1), LEAST_SHARE)
    shares = np.maximum(expected.shares, LEAST_SHARE)
    return float(np.sum((actual - shares) * np.log(actual / shares)))


def _millionths(counts: np.ndarray) -> list[float]:
    """The counts as shares of six digits; what rounding leaves over goes to the largest."""
    parts = counts * MILLION // counts.sum()
    parts[np.argmax(parts)] += MILLION - parts.sum()
    return [int(part) / MILLION for part in parts]
