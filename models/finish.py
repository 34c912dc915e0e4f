"""From a trained model to its package: judges it on the test window, sets thresholds, picks golden rows, writes."""

from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

import output as outputs
import package
from reference import reference
from tables import Table

AUTHOR = "Causeway"

# Shares of the legitimate payments of the test window that may reach each threshold.
DECLINE_SHARE = 0.003
REVIEW_SHARE = 0.006
STEP_UP_SHARE = 0.015


@dataclass(frozen=True)
class Finished:
    """What became of a model: its scores of the test window, float32 [n], what is read of it, and how good it is."""

    scores: np.ndarray
    output: package.Output
    thresholds: package.Thresholds
    metrics: dict[str, float]


def finish(
    folder: Path, model: bytes, table: Table, *, name: str, version: int, script: str, seed: int,
    output: package.Output | None = None, golden: int = 64, causeway: Path | None = None,
) -> Finished:
    """Judges the exported bytes, and writes them as a package with `golden` golden rows."""
    learn, test = table.learn, table.test
    rows = golden_rows(test, seed, golden)
    session = outputs.load(model)
    output = outputs.find(session, rows) if output is None else output
    scores = outputs.score(session, output, test.rows)
    limits = thresholds(scores[~test.labels])
    training = package.Training(
        author=AUTHOR, script=script, seed=seed, rows=len(learn.rows), window=learn.window,
        test_rows=len(test.rows), test_window=test.window, metrics=metrics(test, scores),
    )
    package.write(
        folder, model, name=name, version=version, features=list(table.names), thresholds=limits, training=training,
        golden_rows=rows, output=output, causeway=causeway,
        reference=reference(table.names, learn.rows, scores, limits.step_up),
    )
    return Finished(scores, output, limits, training.metrics)


def thresholds(legitimate: np.ndarray) -> package.Thresholds:
    """By the shares of the legitimate payments that may reach them."""
    return package.Thresholds(
        step_up=_threshold(legitimate, STEP_UP_SHARE),
        review=_threshold(legitimate, REVIEW_SHARE),
        decline=_threshold(legitimate, DECLINE_SHARE),
    )


def metrics(test: Table, scores: np.ndarray) -> dict[str, float]:
    """Over all payments and for each kind of partner."""
    found = {}
    for suffix, inside in (("", slice(None)), ("_hosted", ~test.is_server), ("_server", test.is_server)):
        labels, given = test.labels[inside], scores[inside]
        if labels.all() or not labels.any():
            continue  # Nothing to tell apart: all are frauds, or none is, or there is no such partner.
        found[f"auc{suffix}"] = round(float(roc_auc_score(labels, given)), 6)
        found[f"average_precision{suffix}"] = round(float(average_precision_score(labels, given)), 6)
    return found


def golden_rows(test: Table, seed: int, count: int) -> np.ndarray:
    """Rows that differ much: the lowest and highest of every feature, then frauds and others drawn at random.

    The choice does not look at the model, so that retraining keeps the rows.
    """
    rng = np.random.default_rng(seed)
    extremes = [*test.rows.argmin(axis=0), *test.rows.argmax(axis=0)]
    frauds = rng.permutation(np.flatnonzero(test.labels))[: count // 2]
    others = rng.permutation(len(test.rows))[: 2 * count]
    picked = list(dict.fromkeys(int(index) for index in (*extremes, *frauds, *others)))
    return test.rows[picked[:count]]


def summary(finished: Finished, test: Table) -> str:
    """What the model does on the test window, for each kind of partner."""
    verdicts = finished.thresholds.verdicts(finished.scores)
    lines = [
        f"read: output {finished.output.name}, {finished.output.kind}, column {finished.output.column}",
        f"{'test window':24} {'payments':>9} {'frauds':>7} {'AUC':>7} {'AP':>7}   "
        "frauds caught / others stopped at decline, review, step-up",
    ]
    groups = (("all", "", slice(None)), ("hosted", "_hosted", ~test.is_server), ("server", "_server", test.is_server))
    for word, suffix, inside in groups:
        if f"auc{suffix}" not in finished.metrics:
            continue
        labels, reached = test.labels[inside], verdicts[inside]
        shares = "   ".join(
            f"{(reached[labels] >= least).mean():6.1%} / {(reached[~labels] >= least).mean():6.2%}"
            for least in (3, 2, 1)
        )
        auc, precision = finished.metrics[f"auc{suffix}"], finished.metrics[f"average_precision{suffix}"]
        lines.append(f"{word:24} {len(labels):9} {labels.sum():7} {auc:7.4f} {precision:7.4f}   {shares}")
    return "\n".join(lines)


def _threshold(legitimate: np.ndarray, share: float) -> float:
    """The score, rounded up to four digits, that at most about `share` of the legitimate payments reach."""
    return ceil(float(np.quantile(legitimate, 1 - share)) * 10_000) / 10_000
