"""A perceptron of PyTorch with one output, the logit: the score is its sigmoid, which the engine computes."""

import io

import numpy as np
import onnx
import torch

import table

NAME = "pytorch-perceptron"
HIDDEN = 24
EPOCHS = 12
BATCH = 256


class Perceptron(torch.nn.Module):
    """Rows are scaled by what is known of the training window, so that the model takes features as they are."""

    def __init__(self, rows: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", rows.mean(dim=0))
        self.register_buffer("scale", rows.std(dim=0))
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(rows.shape[1], HIDDEN), torch.nn.ReLU(),
            torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.ReLU(),
            torch.nn.Linear(HIDDEN, 1),
        )

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """float32 [n, features] to float32 [n, 1]."""
        return self.layers((features - self.mean) / self.scale)


def train(rows: np.ndarray, labels: np.ndarray) -> Perceptron:
    """By stochastic gradient descent on one thread, so that the same rows give the same weights."""
    torch.manual_seed(table.SEED)
    torch.set_num_threads(1)
    features, truth = torch.from_numpy(rows), torch.from_numpy(labels).float()[:, None]
    model = Perceptron(features)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(features)).split(BATCH):
            optimizer.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(model(features[batch]), truth[batch]).backward()
            optimizer.step()
    return model.eval()


def export(model: Perceptron, rows: np.ndarray) -> onnx.ModelProto:
    """By the exporter that needs no further package. The first axis is left open: any number of rows at once."""
    file = io.BytesIO()
    torch.onnx.export(
        model, (torch.from_numpy(rows),), file, dynamo=False, opset_version=17,
        input_names=["features"], output_names=["logit"], dynamic_axes={"features": {0: "n"}, "logit": {0: "n"}},
    )
    return onnx.load_from_string(file.getvalue())


def main() -> None:
    """Trains and writes the package."""
    data = table.load()
    model = train(data.learn.rows, data.learn.labels)
    table.write(NAME, export(model, data.learn.rows[:2]), data, __file__)


if __name__ == "__main__":
    main()
