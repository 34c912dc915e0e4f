"""The text of `manifest.toml`: what it holds, and how it is written. Format 2; the README says what each part means."""

import json
import math
import re
from dataclasses import dataclass

import numpy as np

from output import Output
from reference import Bins, Reference

FORMAT = 2
METRIC = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class Thresholds:
    """The least score of each verdict: 0 < step_up <= review <= decline <= 1. Without `review` nothing is reviewed."""

    step_up: float
    decline: float
    review: float | None = None

    def verdicts(self, scores: np.ndarray) -> np.ndarray:
        """0 approve, 1 step-up, 2 review, 3 decline."""
        review = self.decline if self.review is None else self.review
        return np.digitize(scores, np.array([self.step_up, review, self.decline], dtype=np.float32))


@dataclass(frozen=True)
class Training:
    """How the model was made. Times are RFC 3339 in UTC; each window includes its start and excludes its end."""

    author: str
    script: str
    seed: int
    rows: int
    window: tuple[str, str]
    test_rows: int
    test_window: tuple[str, str]
    metrics: dict[str, float]


@dataclass(frozen=True)
class Manifest:
    """The whole manifest, but for the model's file name, which is always the same."""

    name: str
    version: int
    sha256: str
    input_name: str
    features: list[str]
    output: Output
    thresholds: Thresholds
    training: Training
    reference: Reference | None


def text(manifest: Manifest, file: str) -> str:
    """The manifest as TOML, the model's file being `file`."""
    # JSON strings of ASCII text are TOML as well.
    quoted = json.dumps
    features = "".join(f"  {quoted(name)},\n" for name in manifest.features)
    output, thresholds, training = manifest.output, manifest.thresholds, manifest.training
    review = "" if thresholds.review is None else f"review = {_number(thresholds.review)}\n"
    return f"""\
# Written by the script named below. Change the script and train again: the checksum guards the model.
format = {FORMAT}
name = {quoted(manifest.name)}
version = {manifest.version}
file = {quoted(file)}
sha256 = {quoted(manifest.sha256)}

[input]
name = {quoted(manifest.input_name)}
features = [
{features}]

[output]
name = {quoted(output.name)}
kind = {quoted(output.kind)}
column = {quoted(output.column)}

# A score at or above a threshold gets its verdict; decline comes before review, and review before step_up.
[thresholds]
step_up = {_number(thresholds.step_up)}
{review}decline = {_number(thresholds.decline)}

# The metrics are those of the test window.
[training]
author = {quoted(training.author)}
script = {quoted(training.script)}
seed = {training.seed}
rows = {training.rows}
window_start = {quoted(training.window[0])}
window_end = {quoted(training.window[1])}
test_rows = {training.test_rows}
test_window_start = {quoted(training.test_window[0])}
test_window_end = {quoted(training.test_window[1])}

[training.metrics]
{_metrics(training.metrics)}{_reference(manifest.reference)}"""


def _metrics(metrics: dict[str, float]) -> str:
    bad = [name for name in metrics if not METRIC.fullmatch(name)]
    if bad:
        raise ValueError(f"Metrics are named with letters, digits, _ and -; not so: {', '.join(bad)}.")
    return "".join(f"{name} = {_number(value)}\n" for name, value in metrics.items())


def _reference(reference: Reference | None) -> str:
    if reference is None:
        return ""
    lines = [
        "",
        "# What drift is measured against: the score and approvals of the test window, the features of the training.",
        "[reference]",
        f"approval_rate = {_number(reference.approval_rate)}",
        f"score = {{ edges = {_numbers(reference.score.edges)}, shares = {_numbers(reference.score.shares)} }}",
    ]
    for name, bins in reference.features.items():
        lines += ["", f"[reference.features.{name}]", *_bins(bins)]
    return "\n".join(lines) + "\n"


def _bins(bins: Bins) -> list[str]:
    return [f"edges = {_numbers(bins.edges)}", f"shares = {_numbers(bins.shares)}"]


def _numbers(values: list[float]) -> str:
    return f"[{', '.join(map(_number, values))}]"


def _number(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} is no finite number and cannot stand in a manifest.")
    return repr(float(value))
