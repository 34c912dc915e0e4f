"""A random forest of scikit-learn, exported as it comes: labels beside maps of class (0 or 1) to probability."""

from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier

import table

NAME = "sklearn-forest"


def main() -> None:
    """Trains and writes the package."""
    data = table.load()
    learn = data.learn
    classifier = RandomForestClassifier(n_estimators=12, max_leaf_nodes=32, min_samples_leaf=5, random_state=table.SEED)
    classifier.fit(learn.rows, learn.labels.astype(int))
    model = to_onnx(classifier, learn.rows[:1], name=NAME)
    table.write(NAME, model, data, __file__)


if __name__ == "__main__":
    main()
