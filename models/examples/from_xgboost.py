"""Gradient boosting of XGBoost, exported by onnxmltools as it comes: labels beside a tensor of probabilities."""

from onnxmltools import convert_xgboost
from onnxmltools.convert.common.data_types import FloatTensorType
from xgboost import XGBClassifier

import table

NAME = "xgboost-boosting"


def main() -> None:
    """Trains and writes the package."""
    data = table.load()
    learn = data.learn
    classifier = XGBClassifier(
        n_estimators=40, max_depth=4, learning_rate=0.15, subsample=0.5, random_state=table.SEED % 2**31, n_jobs=1,
    )
    # Without names of the columns, which the exporter does not take.
    classifier.fit(learn.rows, learn.labels)
    model = convert_xgboost(classifier, initial_types=[("features", FloatTensorType([None, len(learn.names)]))])
    # The exporter makes up a name each time.
    model.graph.name = NAME
    table.write(NAME, model, data, __file__)


if __name__ == "__main__":
    main()
