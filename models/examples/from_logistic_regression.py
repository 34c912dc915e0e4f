"""A logistic regression of scikit-learn, exported as it comes: its classes are words, its output maps them."""

import numpy as np
from skl2onnx import to_onnx
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import table

NAME = "sklearn-logistic"


def main() -> None:
    """Trains and writes the package."""
    data = table.load()
    learn = data.learn
    classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    classifier.fit(learn.rows, np.where(learn.labels, "fraud", "honest"))
    # The first rows show the exporter number and type of the columns. The name keeps the bytes the same each time.
    model = to_onnx(classifier, learn.rows[:1], name=NAME)
    # Which of two words is fraud cannot be found out from the model.
    output = table.Output("output_probability", "map", "fraud")
    table.write(NAME, model, data, __file__, output)


if __name__ == "__main__":
    main()
