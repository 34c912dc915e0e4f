"""Trains the baseline risk model on synthetic payments and writes it as a model package.

    python models/train.py [--seed N] [--out FOLDER] [--plots FOLDER] [--causeway PATH]

The features are those that the gateway's program computes. The same seed, program and package versions give the same bytes
on one machine. Nothing was tuned: a first model to start from.
"""

import argparse
from pathlib import Path

from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.ensemble import GradientBoostingClassifier

import gateway
from finish import Finished, finish, summary
from measures import Scored
from package import serialized
from payments import SEED
from tables import Table, synthetic

NAME = "baseline"
VERSION = 2
TREES = 80
GOLDEN_ROWS = 96


def train(learn: Table, seed: int, trees: int = TREES) -> bytes:
    """Fits on the rows of the training window and exports."""
    classifier = GradientBoostingClassifier(
        n_estimators=trees, max_depth=4, learning_rate=0.1, min_samples_leaf=20,
        subsample=0.5, max_features=5, random_state=seed % 2**32,
    )
    classifier.fit(learn.rows, learn.labels)
    return export(classifier, len(learn.names))


def export(classifier: GradientBoostingClassifier, features: int) -> bytes:
    """The classifier as ONNX: `features` float32 [n, features] in, `probabilities` float32 [n, 2] out.

    The graph's name is given, and the opset fixed, so that the same trees are the same bytes.
    """
    model = to_onnx(
        classifier, name=NAME, target_opset=17, options={"zipmap": False},
        initial_types=[("features", FloatTensorType([None, features]))],
    )
    return serialized(model)


def build(table: Table, seed: int, folder: Path, program: Path) -> Finished:
    """Trains and writes the package."""
    model = train(table.learn, seed)
    return finish(
        folder, model, table, name=NAME, version=VERSION, script="models/train.py", seed=seed, golden=GOLDEN_ROWS,
        causeway=program,
    )


def main() -> None:
    """Reads the command line, builds, and prints what came out."""
    parser = argparse.ArgumentParser(description="Trains the baseline risk model and writes it as a package.")
    parser.add_argument("--seed", type=int, default=SEED, help="seed of payments and training (default: %(default)s)")
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).parent / NAME / str(VERSION),
        help=f"folder of the package (default: models/{NAME}/{VERSION})",
    )
    parser.add_argument("--plots", type=Path, help="folder for pictures of how good the model is, and metrics.json")
    gateway.option(parser)
    arguments = parser.parse_args()
    try:
        program = gateway.find(arguments.causeway)
    except gateway.Missing as missing:
        parser.error(str(missing))
    table = synthetic(arguments.seed, program)
    print(f"seed {arguments.seed}: {len(table.rows)} payments, {table.labels.mean():.2%} reported as fraud")
    finished, test = build(table, arguments.seed, arguments.out, program), table.test
    print(summary(finished, test))
    print(f"wrote {arguments.out} ({(arguments.out / 'model.onnx').stat().st_size / 1000:.0f} kB)")
    if arguments.plots:
        # Only here, since it needs matplotlib, which tools/requirements/training.txt has.
        import plots

        title = f"{NAME} {VERSION}, test window from {test.window[0][:10]} to before {test.window[1][:10]}"
        plots.draw(arguments.plots, Scored(finished.scores, test.labels, test.at_ms), finished.thresholds, title)
        print(f"wrote the pictures to {arguments.plots}")


if __name__ == "__main__":
    main()
