"""Gradient boosting of scikit-learn, exported without the maps: labels beside a tensor of probabilities."""

from skl2onnx import to_onnx
from sklearn.ensemble import GradientBoostingClassifier

import table

NAME = "sklearn-boosting"


def main() -> None:
    """Trains and writes the package."""
    data = table.load()
    learn = data.learn
    classifier = GradientBoostingClassifier(n_estimators=40, max_depth=3, subsample=0.5, random_state=table.SEED)
    classifier.fit(learn.rows, learn.labels)
    # A tensor is read faster than maps are: without ZipMap is how a model for production should be exported.
    model = to_onnx(classifier, learn.rows[:1], name=NAME, options={"zipmap": False})
    table.write(NAME, model, data, __file__)


if __name__ == "__main__":
    main()
