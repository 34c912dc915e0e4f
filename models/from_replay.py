"""Trains a model on a table that `causeway features replay` wrote, and writes it as a package.

    python models/from_replay.py TABLE.csv FOLDER --name NAME [--version N] [--features NAME,NAME] [--seed N]

Gradient boosting by scikit-learn, as a first model to start from: change `classifier` to what you like, the steps around
it stay the same.
"""

import argparse
import sys
from pathlib import Path

from sklearn.ensemble import GradientBoostingClassifier

import gateway
from finish import finish, summary
from tables import check, replayed
from train import export


def classifier(seed: int) -> GradientBoostingClassifier:
    """What is trained."""
    return GradientBoostingClassifier(
        n_estimators=100, max_depth=4, learning_rate=0.1, min_samples_leaf=20, subsample=0.5, random_state=seed,
    )


def main() -> None:
    """Reads the command line, trains, writes, and prints what came out."""
    parser = argparse.ArgumentParser(description="Trains a model on a replayed table and writes it as a package.")
    parser.add_argument("table", type=Path, help="what `causeway features replay` wrote, as CSV")
    parser.add_argument("folder", type=Path, help="the package's folder")
    parser.add_argument("--name", required=True, help="the model's name: lower-case letters, digits and -")
    parser.add_argument("--version", type=int, default=1, help="its version (default: %(default)s)")
    parser.add_argument("--features", help="features with commas between them (default: all of the table)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the training (default: %(default)s)")
    gateway.option(parser)
    try:
        build(parser.parse_args())
    except (ValueError, OSError, gateway.Missing) as error:
        sys.exit(f"from_replay.py: {error}")


def build(wanted: argparse.Namespace) -> None:
    """Trains and writes. Raises ValueError where the table is not enough for it, or the package not in order."""
    if wanted.causeway:
        gateway.find(wanted.causeway)  # Before the training, which takes longer.
    table = replayed(wanted.table, wanted.features.split(",") if wanted.features else None)
    check(table)
    learn = table.learn
    print(f"{len(learn.rows)} payments to learn from, {learn.labels.mean():.2%} frauds; {len(table.test.rows)} to judge by")
    model = export(classifier(wanted.seed).fit(learn.rows, learn.labels), len(table.names))
    finished = finish(
        wanted.folder, model, table, name=wanted.name, version=wanted.version, script="models/from_replay.py",
        seed=wanted.seed, causeway=wanted.causeway,
    )
    print(summary(finished, table.test))
    print(f"wrote {wanted.folder}")


if __name__ == "__main__":
    main()
