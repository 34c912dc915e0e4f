"""Trains the benchmark's models fold by fold from a training table, and writes each as a model package.

    python models/benchmark/run.py TABLE OUT [--validate] [--history week|long] [--features FILE]

TABLE is what `causeway features replay` wrote, CSV or Parquet. Writes to OUT the package of each fold
(packages/NAME/1), what ONNX Runtime in Python gives each tested transaction (scores.csv), results.json, results.md and
two plots. Without --history both settings are run: the book's 7 training days, and all days that were before.
"""

import argparse
import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import numpy as np

from ensemble import to_onnx
from model import FEATURES, FIRST_DAY, LONG, WEEK, Setting, fit, kept
from protocol import START, TEST_FOLDS, VALIDATION_FOLDS, Figures, Fold, in_days, judge, tested
from report import PUBLISHED, Result, read_baselines, write_report
from table import Table, read_table

# The scripts of the folder above, which are no library that could be installed.
sys.path.insert(0, str(Path(__file__).parent.parent))

import output as outputs
import package
from finish import thresholds

VERSION = 1
GOLDEN_ROWS = 64


def package_name(setting: str, fold: Fold) -> str:
    """What the model of a fold is called."""
    return f"benchmark-{setting}-{fold.name}"


def days_learned(fold: Fold, setting: Setting) -> tuple[int, int]:
    """The days that the setting allows a fold to learn from, half-open."""
    first, end = fold.history(setting.days)
    return max(first, FIRST_DAY), end


def trained(table: Table, fold: Fold, setting: Setting) -> bytes:
    """The model of a fold as ONNX."""
    days = days_learned(fold, setting)
    learn = in_days(table.day, days)
    return to_onnx(fit(table.rows[learn], table.fraud[learn], days[1] - table.day[learn], setting))


def scored(model: bytes, rows: np.ndarray) -> np.ndarray:
    """What ONNX Runtime in Python gives the rows."""
    session = outputs.load(model)
    return outputs.score(session, outputs.find(session, rows), rows)


def judged(table: Table, fold: Fold, scores: np.ndarray) -> Result:
    """The figures of a fold's test week from scores in the order of the table."""
    test = tested(fold, table.day, table.customer, table.fraud)
    missing = np.flatnonzero(test & np.isnan(scores))
    if len(missing):
        raise ValueError(f"{fold.name}: {len(missing)} tested rows have no score, first id {table.ids[missing[0]]}")
    figures = judge(table.day[test], table.customer[test], table.fraud[test], scores[test])
    return Result(fold.name, figures, table.ids[test], table.day[test], table.fraud[test], scores[test])


def write_package(
    folder: Path, model: bytes, table: Table, fold: Fold, setting: Setting, figures: Figures
) -> None:
    """The model of a fold as a package that a gateway loads: thresholds and golden rows, too, come from the days that it
    has learned from.
    """
    learned = days_learned(fold, setting)
    learn, test = np.flatnonzero(in_days(table.day, learned)), in_days(table.day, fold.test)
    golden = np.random.default_rng(0).choice(learn, GOLDEN_ROWS, replace=False)
    genuine = learn[~table.fraud[learn]]
    package.write(
        folder, model, name=package_name(setting.name, fold), version=VERSION, features=list(table.names),
        thresholds=thresholds(scored(model, table.rows[genuine])),
        training=package.Training(
            author="Causeway", script="models/benchmark/run.py", seed=0, rows=int(kept(table.fraud[learn], setting, 0).sum()), window=window(learned),
            test_rows=int(test.sum()), test_window=window(fold.test),
            metrics={
                "auc": figures.auc, "average_precision": figures.average_precision,
                "card_precision_100": figures.card_precision,
            },
        ),
        golden_rows=table.rows[golden],
    )


def window(days: tuple[int, int]) -> tuple[str, str]:
    """Half-open days in RFC 3339."""
    first, end = (f"{START + timedelta(days=int(day))}T00:00:00Z" for day in days)
    return first, end


def run_fold(table: Table, fold: Fold, setting: Setting, out: Path) -> Result:
    """Trains, exports, and judges what was exported."""
    started = time.monotonic()
    model = trained(table, fold, setting)
    week = in_days(table.day, fold.test)
    scores = np.full(len(table.ids), np.nan, dtype=np.float32)
    scores[week] = scored(model, table.rows[week])
    result = judged(table, fold, scores)
    folder = out / "packages" / package_name(setting.name, fold) / str(VERSION)
    write_package(folder, model, table, fold, setting, result.figures)
    print(f"{setting.name:8} {fold.name} {result.figures}, {time.monotonic() - started:.0f} s", flush=True)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Trains and judges the benchmark's models.")
    parser.add_argument("table", type=Path, help="training table, CSV or Parquet")
    parser.add_argument("out", type=Path, help="folder for packages, scores, results and plots")
    parser.add_argument("--validate", action="store_true", help="the validation weeks instead of the test weeks")
    parser.add_argument("--history", choices=[WEEK.name, LONG.name], help="one setting only")
    parser.add_argument("--features", type=Path, help="file with feature names, instead of the chosen ones")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folds = VALIDATION_FOLDS if options.validate else TEST_FOLDS
    names = options.features.read_text("utf-8").split() if options.features else list(FEATURES)
    table = read_table(options.table, names)
    settings = [setting for setting in (WEEK, LONG) if options.history in (None, setting.name)]
    results = {setting.name: [run_fold(table, fold, setting, options.out) for fold in folds] for setting in settings}
    # What is published is of the test weeks.
    published = {} if options.validate else PUBLISHED
    baselines = {} if options.validate else read_baselines(options.out)
    write_report(options.out, results, {"features": names, "scored_by": "ONNX Runtime in Python"}, published, baselines)
    print(json.dumps({name: str(Result.mean(of)) for name, of in results.items()}))


if __name__ == "__main__":
    main()
