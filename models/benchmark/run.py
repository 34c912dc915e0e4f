"""Trains and judges the benchmark's model fold by fold from a training table, or judges scores from elsewhere.

    python models/benchmark/run.py TABLE OUT [--validate] [--history week|long] [--features FILE] [--scores FILE]

TABLE is CSV or Parquet with id, at, customer, terminal, is_fraud and the features. Writes to OUT the model of each fold
(ONNX), what it gives each tested transaction (scores.csv), results.json, results.md and two plots. Without --history
both settings are run: the book's 7 training days, and all days that were before. With --scores nothing is trained: the
file's scores (id, score) are judged on the same weeks.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import onnxruntime

from ensemble import INPUT, OUTPUT, to_onnx
from model import FEATURES, FIRST_DAY, LONG, WEEK, Setting, fit
from protocol import TEST_FOLDS, VALIDATION_FOLDS, Fold, in_days, judge, tested
from report import PUBLISHED, Result, write_report
from table import Table, read_scores, read_table


def trained(table: Table, fold: Fold, setting: Setting) -> bytes:
    """The model of a fold as ONNX, from the days that the setting allows."""
    first, end = fold.history(setting.days)
    learn = in_days(table.day, (max(first, FIRST_DAY), end))
    return to_onnx(fit(table.rows[learn], table.fraud[learn], end - table.day[learn], setting))


def scored(model: bytes, rows: np.ndarray) -> np.ndarray:
    """What ONNX Runtime gives the rows, as the gateway computes it: the sigmoid in float64, rounded once."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    logits = session.run([OUTPUT], {INPUT: rows})[0][:, 0].astype(np.float64)
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def judged(table: Table, fold: Fold, scores: np.ndarray) -> Result:
    """The figures of a fold's test week from scores in the order of the table."""
    test = tested(fold, table.day, table.customer, table.fraud)
    missing = np.flatnonzero(test & np.isnan(scores))
    if len(missing):
        raise ValueError(f"{fold.name}: {len(missing)} tested rows have no score, first id {table.ids[missing[0]]}")
    figures = judge(table.day[test], table.customer[test], table.fraud[test], scores[test])
    return Result(fold.name, figures, table.ids[test], table.day[test], table.fraud[test], scores[test])


def run_fold(table: Table, fold: Fold, setting: Setting, out: Path) -> Result:
    """Trains, exports, and judges what was exported."""
    started = time.monotonic()
    model = trained(table, fold, setting)
    (out / f"{setting.name}-{fold.name}.onnx").write_bytes(model)
    week = in_days(table.day, fold.test)
    scores = np.full(len(table.ids), np.nan)
    scores[week] = scored(model, table.rows[week])
    result = judged(table, fold, scores)
    print(f"{setting.name:8} {fold.name} {result.figures}, {time.monotonic() - started:.0f} s", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains and judges the benchmark's model.")
    parser.add_argument("table", type=Path, help="training table, CSV or Parquet")
    parser.add_argument("out", type=Path, help="folder for models, scores, results and plots")
    parser.add_argument("--validate", action="store_true", help="the validation weeks instead of the test weeks")
    parser.add_argument("--history", choices=[WEEK.name, LONG.name], help="one setting only")
    parser.add_argument("--features", type=Path, help="file with one feature name a line, instead of the chosen ones")
    parser.add_argument("--scores", type=Path, help="judge these scores (id, score) instead of training")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folds = VALIDATION_FOLDS if options.validate else TEST_FOLDS
    table = read_table(options.table)
    if options.scores:
        scores = read_scores(options.scores, table)
        results = {"given": [judged(table, fold, scores) for fold in folds]}
        names = []
    else:
        names = options.features.read_text("utf-8").split() if options.features else list(FEATURES)
        table = table.only(names)
        settings = [setting for setting in (WEEK, LONG) if options.history in (None, setting.name)]
        results = {
            setting.name: [run_fold(table, fold, setting, options.out) for fold in folds] for setting in settings
        }
    # What is published is of the test weeks.
    published = {} if options.validate else PUBLISHED
    write_report(options.out, results, {"features": names, "table": options.table.name}, published)
    print(json.dumps({name: str(Result.mean(of)) for name, of in results.items()}))


if __name__ == "__main__":
    main()
