"""Trains the baseline risk model on synthetic payments and writes it as a model package.

    python models/train.py [--seed N] [--out FOLDER]

The same seed and package versions give the same bytes on one machine. Nothing was tuned: a first model to start from.
"""

import argparse
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import average_precision_score, roc_auc_score

import package
from features import NAMES
from history import DAY_MS, feature_rows
from payments import DAYS, START_MS, generate

NAME = "baseline"
VERSION = 1
SEED = 20_260_302
TREES = 80
GOLDEN_ROWS = 64

# Trained on the first six weeks, judged on the rest: a random split would let the model learn from the future.
SPLIT_MS = START_MS + 42 * DAY_MS
END_MS = START_MS + DAYS * DAY_MS

# Shares of the legitimate payments of the test window that may reach each threshold.
DECLINE_SHARE = 0.003
STEP_UP_SHARE = 0.015


@dataclass(frozen=True)
class Table:
    """Payments in time order: times int64 [n], features float32 [n, features], reported frauds bool [n]."""

    at_ms: np.ndarray
    rows: np.ndarray
    labels: np.ndarray

    def part(self, start_ms: int, end_ms: int) -> "Table":
        """The payments from `start_ms` to before `end_ms`."""
        inside = slice(*np.searchsorted(self.at_ms, [start_ms, end_ms]))
        return Table(self.at_ms[inside], self.rows[inside], self.labels[inside])


@dataclass(frozen=True)
class Trained:
    """The exported model and what it does on the test window, measured on the exported bytes."""

    model: bytes
    scores: np.ndarray
    auc: float
    average_precision: float


def table(seed: int) -> Table:
    """The synthetic payments of a seed as a training table."""
    payments = generate(seed)
    return Table(
        at_ms=np.array([payment.at_ms for payment in payments], dtype=np.int64),
        rows=feature_rows(payments),
        labels=np.array([payment.reported_fraud for payment in payments]),
    )


def train(data: Table, seed: int, trees: int = TREES) -> Trained:
    """Fits on the training window, exports, and scores the test window with what was exported."""
    learn, test = data.part(START_MS, SPLIT_MS), data.part(SPLIT_MS, END_MS)
    classifier = GradientBoostingClassifier(
        n_estimators=trees, max_depth=4, learning_rate=0.1, min_samples_leaf=20,
        subsample=0.5, max_features=5, random_state=seed % 2**32,
    )
    classifier.fit(learn.rows, learn.labels)
    model = export(classifier)
    scores = package.score(model, test.rows)
    return Trained(
        model=model,
        scores=scores,
        auc=float(roc_auc_score(test.labels, scores)),
        average_precision=float(average_precision_score(test.labels, scores)),
    )


def export(classifier: GradientBoostingClassifier) -> bytes:
    """The classifier as ONNX: `features` float32 [n, features] in, `probabilities` float32 [n, 2] out.

    The graph's name is given, and the opset fixed, so that the same trees are the same bytes.
    """
    model = to_onnx(
        classifier, name=NAME, target_opset=17, options={"zipmap": False},
        initial_types=[(package.INPUT_NAME, FloatTensorType([None, len(NAMES)]))],
    )
    return model.SerializeToString(deterministic=True)


def threshold(legitimate_scores: np.ndarray, share: float) -> float:
    """The score, rounded up to four digits, that at most about `share` of the legitimate payments reach."""
    return ceil(float(np.quantile(legitimate_scores, 1 - share)) * 10_000) / 10_000


def golden_rows(test: Table, seed: int) -> np.ndarray:
    """Rows that differ much: the lowest and highest of every feature, then frauds and others drawn at random.

    The choice does not look at the model, so that retraining keeps the rows.
    """
    rng = np.random.default_rng(seed)
    extremes = [*test.rows.argmin(axis=0), *test.rows.argmax(axis=0)]
    frauds = rng.permutation(np.flatnonzero(test.labels))[:32]
    others = rng.permutation(len(test.rows))[: 2 * GOLDEN_ROWS]
    picked = list(dict.fromkeys(int(index) for index in (*extremes, *frauds, *others)))
    return test.rows[picked[:GOLDEN_ROWS]]


def build(seed: int, folder: Path) -> None:
    """Generates, trains, writes the package and prints what came out."""
    data = table(seed)
    trained = train(data, seed)
    learn, test = data.part(START_MS, SPLIT_MS), data.part(SPLIT_MS, END_MS)
    legitimate = trained.scores[~test.labels]
    manifest = package.Manifest(
        name=NAME, version=VERSION,
        step_up=threshold(legitimate, STEP_UP_SHARE), decline=threshold(legitimate, DECLINE_SHARE),
        author="Causeway", script="models/train.py", seed=seed,
        rows=len(learn.rows), window=(_rfc3339(START_MS), _rfc3339(SPLIT_MS)),
        test_rows=len(test.rows), test_window=(_rfc3339(SPLIT_MS), _rfc3339(END_MS)),
        auc=round(trained.auc, 6), average_precision=round(trained.average_precision, 6),
    )
    package.write(folder, trained.model, manifest, golden_rows(test, seed))
    print(f"seed {seed}: {len(data.rows)} payments, {data.labels.mean():.2%} reported as fraud")
    print(f"test window: AUC {trained.auc:.4f}, average precision {trained.average_precision:.4f}")
    for verdict, least in (("decline", manifest.decline), ("step-up or decline", manifest.step_up)):
        caught, hit = (trained.scores[test.labels] >= least).mean(), (legitimate >= least).mean()
        print(f"{verdict} at {least}: {caught:.1%} of the frauds, {hit:.2%} of the others")
    print(f"wrote {folder} ({len(trained.model) / 1000:.0f} kB)")


def _rfc3339(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(description="Trains the baseline risk model and writes it as a package.")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of payments and training (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / NAME / str(VERSION),
        help="folder of the package (default: models/baseline/1)",
    )
    arguments = parser.parse_args()
    build(arguments.seed, arguments.out)


if __name__ == "__main__":
    main()
