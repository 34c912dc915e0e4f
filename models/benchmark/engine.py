"""Judges what a running engine scored, and compares it with what Python scored.

    python models/benchmark/engine.py TABLE OUT SCORES [--validate]

TABLE and OUT are those of run.py; SCORES is what `causeway-lab score` wrote with the packages of OUT: id, model, score.
Fails when a score is not what ONNX Runtime in Python gave the replayed row: the features that a payment meets in the
engine would not be those that the model was trained on. Writes the results of the engine's scores over those of run.py.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from model import LONG, WEEK
from protocol import TEST_FOLDS, VALIDATION_FOLDS
from report import PUBLISHED, Result, read_baselines, write_report
from run import judged, package_name
from table import read_scores, read_table

# Two runs of one model on the same row differ by less.
TOLERANCE = 1e-6


def largest_difference(results: list[Result], python: pd.DataFrame) -> float:
    """By how much the engine's scores are off at most."""
    engine = pd.concat([pd.DataFrame({"week": one.week, "id": one.ids, "engine": one.scores}) for one in results])
    both = engine.merge(python, on=["week", "id"], how="outer")
    difference = (both["engine"] - both["score"]).abs()
    if difference.isna().any():
        raise ValueError(f"{int(difference.isna().sum())} payments were scored by one of the two only")
    return float(difference.max())


def main() -> None:
    parser = argparse.ArgumentParser(description="Judges what a running engine scored.")
    parser.add_argument("table", type=Path, help="the training table of run.py")
    parser.add_argument("out", type=Path, help="the folder of run.py")
    parser.add_argument("scores", type=Path, help="what the engine scored: id, model, score")
    parser.add_argument("--validate", action="store_true", help="the validation weeks instead of the test weeks")
    options = parser.parse_args()
    folds = VALIDATION_FOLDS if options.validate else TEST_FOLDS
    table = read_table(options.table, [])
    python = pd.read_csv(options.out / "scores.csv", dtype={"score": np.float32})
    results = {}
    for setting in (WEEK.name, LONG.name):
        of_python = python[python["setting"] == setting]
        if not len(of_python):
            continue
        weeks = (read_scores(options.scores, table, package_name(setting, fold)) for fold in folds)
        results[setting] = [judged(table, fold, scores) for fold, scores in zip(folds, weeks, strict=True)]
        off = largest_difference(results[setting], of_python)
        print(f"{setting}: {len(of_python)} payments, the engine's scores are off by {off:.1e} at most")
        if off > TOLERANCE:
            sys.exit(f"{setting}: the engine scores otherwise than Python did; are OUT and SCORES of the same models?")
    # What is published is of the test weeks.
    published = {} if options.validate else PUBLISHED
    baselines = {} if options.validate else read_baselines(options.out)
    names = json.loads((options.out / "results.json").read_text("utf-8"))["features"]
    write_report(options.out, results, {"features": names, "scored_by": "the engine"}, published, baselines)
    print((options.out / "results.md").read_text("utf-8"), end="")


if __name__ == "__main__":
    main()
