"""A model package: a folder with `model.onnx`, `manifest.toml` and `golden.csv`.

`python models/package.py models/baseline/1` checks one and says in plain words what is wrong with it.
"""

import csv
import hashlib
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime

from features import NAMES

FORMAT = 1
MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.toml"
GOLDEN_FILE = "golden.csv"
INPUT_NAME = "features"
OUTPUT_NAME = "probabilities"
OUTPUT_COLUMN = 1

# Two runs of one model in float32 differ by less; a model that reads its columns in another order differs by more.
GOLDEN_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Manifest:
    """What the training knows about the model; name, checksum and column order are added when it is written.

    A score at or above `decline` declines, at or above `step_up` asks for verification. Times are RFC 3339 in UTC;
    each window includes its start and excludes its end.
    """

    name: str
    version: int
    step_up: float
    decline: float
    author: str
    script: str
    seed: int
    rows: int
    window: tuple[str, str]
    test_rows: int
    test_window: tuple[str, str]
    auc: float
    average_precision: float


def score(model: bytes, rows: np.ndarray) -> np.ndarray:
    """The fraud probability of each row by ONNX Runtime on one thread: float32 [n, features] in, float32 [n] out."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (probabilities,) = session.run([OUTPUT_NAME], {INPUT_NAME: rows})
    return probabilities[:, OUTPUT_COLUMN]


def write(folder: Path, model: bytes, manifest: Manifest, golden_rows: np.ndarray) -> None:
    """Writes the whole package, creating the folder. The golden scores are those of the bytes that are written."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MODEL_FILE).write_bytes(model)
    (folder / MANIFEST_FILE).write_text(_manifest_text(model, manifest), encoding="utf-8", newline="\n")
    with (folder / GOLDEN_FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([*NAMES, "score"])
        # The text of a numpy float32 is the shortest that reads back as the same float32.
        for row, value in zip(golden_rows, score(model, golden_rows), strict=True):
            writer.writerow([str(number) for number in (*row, value)])


def read_manifest(folder: Path) -> dict:
    """The manifest as nested dictionaries."""
    return tomllib.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))


def read_golden(folder: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Feature names, rows as float32 [n, features] and scores as float32 [n]."""
    with (folder / GOLDEN_FILE).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    table = np.array(lines, dtype=np.float32)
    return header[:-1], table[:, :-1], table[:, -1]


def golden_error(model: bytes, rows: np.ndarray, scores: np.ndarray) -> float:
    """The largest absolute difference between the golden scores and what the model gives for the rows."""
    return float(np.max(np.abs(score(model, rows).astype(np.float64) - scores)))


def complaints(folder: Path) -> list[str]:
    """What is wrong with the package, one sentence each; empty when nothing is."""
    manifest = read_manifest(folder)
    model = (folder / manifest["file"]).read_bytes()
    found = []
    if manifest["format"] != FORMAT:
        found.append(f"The format is {manifest['format']}; these scripts read {FORMAT}.")
    digest = hashlib.sha256(model).hexdigest()
    if digest != manifest["sha256"]:
        found.append(f"{manifest['file']} has SHA-256 {digest}, the manifest says {manifest['sha256']}: train again.")
    names, rows, scores = read_golden(folder)
    if not names == manifest["input"]["features"] == list(NAMES):
        found.append("The features of manifest, golden rows and features.py differ in name or order.")
    error = golden_error(model, rows, scores)
    if not error <= GOLDEN_TOLERANCE:
        found.append(f"The golden scores are off by {error:.1e}; at most {GOLDEN_TOLERANCE:.0e} is allowed.")
    thresholds = manifest["thresholds"]
    review = thresholds.get("review", thresholds["decline"])
    if not 0 < thresholds["step_up"] <= review <= thresholds["decline"] <= 1:
        found.append("The thresholds must satisfy 0 < step_up <= review <= decline <= 1.")
    return found


def _manifest_text(model: bytes, manifest: Manifest) -> str:
    # JSON strings and lists of ASCII text are TOML as well.
    quoted = json.dumps
    features = "".join(f"  {quoted(name)},\n" for name in NAMES)
    return f"""\
# Written by the script named below. Change the script and train again: the checksum guards the model.
name = {quoted(manifest.name)}
version = {manifest.version}
format = {FORMAT}
file = {quoted(MODEL_FILE)}
sha256 = {quoted(hashlib.sha256(model).hexdigest())}

[input]
name = {quoted(INPUT_NAME)}
features = [
{features}]

[output]
name = {quoted(OUTPUT_NAME)}
kind = "probability"
column = {OUTPUT_COLUMN}

# A score at or above a threshold gets its verdict; decline comes before step_up.
[thresholds]
step_up = {manifest.step_up}
decline = {manifest.decline}

# The metrics are those of the test window, which begins where the training window ends.
[training]
author = {quoted(manifest.author)}
script = {quoted(manifest.script)}
seed = {manifest.seed}
rows = {manifest.rows}
window_start = {quoted(manifest.window[0])}
window_end = {quoted(manifest.window[1])}
test_rows = {manifest.test_rows}
test_window_start = {quoted(manifest.test_window[0])}
test_window_end = {quoted(manifest.test_window[1])}

[training.metrics]
auc = {manifest.auc}
average_precision = {manifest.average_precision}
"""


def main() -> int:
    """Checks the packages named on the command line; 1 when one is wrong, 2 when none is named."""
    if len(sys.argv) < 2:
        print("usage: python models/package.py FOLDER...", file=sys.stderr)
        return 2
    wrong = False
    for folder in map(Path, sys.argv[1:]):
        try:
            found = complaints(folder)
        except Exception as error:  # A check reports whatever way a package is broken in; none may end it.
            found = [f"The package cannot be read ({type(error).__name__}): {error}"]
        wrong = wrong or bool(found)
        print(f"{folder}: " + (" ".join(found) or "good"))
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
