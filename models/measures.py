"""How good scores are, as numbers: what `plots.py` draws and `metrics.json` holds. All shares are from 0 to 1."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

from manifest import Thresholds
from reference import bins, psi

DAY_MS = 24 * 3_600_000

# Frauds are rare, so that most scores are small: the bins get wider with the score.
CALIBRATION_EDGES = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)

# Drift is measured against this first part of the days.
FIRST_PART = 1 / 3


@dataclass(frozen=True)
class Scored:
    """Payments in time order: scores float32 [n], labels (fraud or not) bool [n], times int64 [n] in ms since 1970."""

    scores: np.ndarray
    labels: np.ndarray
    at_ms: np.ndarray


def metrics(scored: Scored, thresholds: Thresholds) -> dict:
    """Everything, ready to be written as JSON."""
    scores, labels = scored.scores.astype(np.float64), scored.labels
    return {
        "payments": len(scores),
        "frauds": int(labels.sum()),
        "auc": float(roc_auc_score(labels, scores)),
        "average_precision": float(average_precision_score(labels, scores)),
        "brier": float(brier_score_loss(labels, scores)),
        "thresholds": at_thresholds(scored, thresholds),
        "calibration": calibration(scored),
        "drift": drift(scored),
    }


def at_thresholds(scored: Scored, thresholds: Thresholds) -> dict[str, dict[str, float]]:
    """For each threshold: of what reaches it the share of frauds (precision), of the frauds the share that reaches it
    (recall), and of the honest payments the share that does (honest).
    """
    found = {}
    for name in ("step_up", "review", "decline"):
        least = getattr(thresholds, name)
        if least is None:
            continue
        reached = scored.scores >= np.float32(least)
        frauds = int((reached & scored.labels).sum())
        found[name] = {
            "score": least,
            "precision": frauds / max(int(reached.sum()), 1),
            "recall": frauds / max(int(scored.labels.sum()), 1),
            "honest": float(reached[~scored.labels].mean()),
        }
    return found


def calibration(scored: Scored) -> list[dict[str, float]]:
    """For each bin of scores that has any: its mean score, the share of frauds, and the interval (95 %, Wilson) that
    this share may be by chance.
    """
    places = np.clip(np.digitize(scored.scores, CALIBRATION_EDGES[1:-1]), 0, len(CALIBRATION_EDGES) - 2)
    found = []
    for place, (low, high) in enumerate(zip(CALIBRATION_EDGES, CALIBRATION_EDGES[1:], strict=False)):
        inside = places == place
        count, frauds = int(inside.sum()), int(scored.labels[inside].sum())
        if count:
            least, most = wilson(frauds, count)
            found.append({
                "from": low, "to": high, "payments": count, "score": float(scored.scores[inside].mean()),
                "frauds": frauds / count, "frauds_low": least, "frauds_high": most,
            })
    return found


def drift(scored: Scored) -> list[dict]:
    """For each day in UTC the stability index of the scores against the days of the first part."""
    days = scored.at_ms // DAY_MS
    first, last = int(days.min()), int(days.max())
    until = first + max(round((last + 1 - first) * FIRST_PART), 1)
    before = bins(scored.scores[days < until])
    return [
        {
            "day": datetime.fromtimestamp(int(day) * DAY_MS / 1000, UTC).date().isoformat(),
            "payments": int((days == day).sum()),
            "psi": psi(before, scored.scores[days == day]),
            "first_part": bool(day < until),
        }
        for day in np.unique(days)
    ]


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The interval in which a share lies with 95 % when `hits` of `count` were seen."""
    z = 1.96
    share, scale = hits / count, 1 + z * z / count
    middle = (share + z * z / (2 * count)) / scale
    half = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / scale
    return float(max(middle - half, 0.0)), float(min(middle + half, 1.0))
