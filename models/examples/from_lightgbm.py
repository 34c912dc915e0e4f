"""Gradient boosting of LightGBM, exported by onnxmltools as it comes: labels beside maps of class to probability."""

from lightgbm import LGBMClassifier
from onnxmltools import convert_lightgbm
from onnxmltools.convert.common.data_types import FloatTensorType

import table

NAME = "lightgbm-boosting"


def main() -> None:
    """Trains and writes the package."""
    data = table.load()
    learn = data.learn
    classifier = LGBMClassifier(
        n_estimators=40, num_leaves=12, learning_rate=0.1, min_child_samples=40, verbose=-1,
        # One thread and rows first, so that the same rows give the same bytes.
        random_state=table.SEED % 2**31, n_jobs=1, deterministic=True, force_row_wise=True,
    )
    # Whole numbers: the exporter takes true and false for words.
    classifier.fit(learn.rows, learn.labels.astype(int))
    inputs = [("features", FloatTensorType([None, len(learn.names)]))]
    model = convert_lightgbm(classifier, name=NAME, initial_types=inputs)
    table.write(NAME, model, data, __file__)


if __name__ == "__main__":
    main()
