"""Writes what `core/src/risk/quality/tests.rs` compares the gateway's numbers with: scikit-learn's.

    python models/quality_fixture.py > core/src/risk/quality/fixture.txt
"""

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from manifest import Thresholds
from measures import Scored, at_thresholds, calibration

SEED = 20260901
THRESHOLDS = Thresholds(step_up=0.05, review=0.1, decline=0.5)


def cases(random: np.random.Generator) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Scores float32 and labels by name: without ties, with many, and with scores that are edges of bins."""
    labels = random.random(160) < 0.2
    apart = np.where(labels, random.beta(2, 5, 160), random.beta(1, 12, 160)).astype(np.float32)
    tied = np.round(apart, 1)
    edges = random.choice(np.array([0, 0.002, 0.01, 0.05, 0.1, 0.5, 1], dtype=np.float32), 60)
    return {"apart": (apart, labels), "tied": (tied.astype(np.float32), labels), "edges": (edges, labels[:60])}


def values(scores: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    """Everything that is compared, by name."""
    wide = scores.astype(np.float64)
    scored = Scored(scores, labels, np.zeros(len(scores), dtype=np.int64))
    found = {
        "auc": roc_auc_score(labels, wide),
        "average_precision": average_precision_score(labels, wide),
        "brier": brier_score_loss(labels, wide),
        "median": np.percentile(np.arange(len(scores)), 50, method="inverted_cdf"),
        "p90": np.percentile(np.arange(len(scores)), 90, method="inverted_cdf"),
    }
    for name, at in at_thresholds(scored, THRESHOLDS).items():
        found |= {f"{name}.{part}": at[part] for part in ("score", "precision", "recall", "honest")}
    for place, part in enumerate(calibration(scored)):
        found |= {f"calibration.{place}.{name}": part[name] for name in ("from", "to", "payments", "score", "frauds")}
    return found


def main() -> None:
    """One line a row and one a value."""
    print("# Written by models/quality_fixture.py.")
    for case, (scores, labels) in cases(np.random.default_rng(SEED)).items():
        for score, label in zip(scores, labels, strict=True):
            print("row", case, str(score), int(label))
        for name, value in values(scores, labels).items():
            print("value", case, name, repr(float(value)))


if __name__ == "__main__":
    main()
