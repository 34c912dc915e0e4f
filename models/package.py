"""A model package: a folder with `model.onnx`, `manifest.toml` and `golden.csv`.

`python models/package.py models/baseline/2` checks one and says in plain words what is wrong with it. A training script
calls `write`, which finds out from the model itself what it can, and checks what it wrote. What graphs the gateway takes
is known to the gateway alone: `write` asks it (`causeway model check`), and says so when it is not there.
"""

import csv
import hashlib
import re
import shutil
import sys
import tempfile
import tomllib
from pathlib import Path

import numpy as np
from onnx import ModelProto

import gateway
import output as outputs
from features import ENGINE_NAMES
from manifest import FORMAT, Manifest, Thresholds, Training, text
from output import Output
from reference import MOST_BINS, Bins, Reference

__all__ = [
    "Bins", "Output", "Reference", "Thresholds", "Training",
    "complaints", "golden_error", "read_golden", "read_manifest", "score", "serialized", "write",
]

FORMATS = (1, FORMAT)
MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.toml"
GOLDEN_FILE = "golden.csv"
NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
MOST_VERSION = 999_999

# Two runs of one model in float32 differ by less; a model that reads its columns in another order differs by more.
GOLDEN_TOLERANCE = 1e-6

# How far a sum of shares may be from 1.
SHARES_TOLERANCE = 1e-6


def write(
    folder: Path, model: bytes, *, name: str, version: int, features: list[str], thresholds: Thresholds,
    training: Training, golden_rows: np.ndarray, output: Output | None = None, reference: Reference | None = None,
    causeway: Path | None = None,
) -> Output:
    """Writes the whole package, creating the folder, and says which output of the model is read.

    `golden_rows` are float32 [n, features]; their scores are those of the bytes that are written. Without `output` it
    is found by what the model gives for these rows. `causeway` is the gateway's program, which is looked for where cargo
    builds it. Raises ValueError when the package is not in order.
    """
    session = outputs.load(model)
    input_name = outputs.input_name(session, len(features))
    output = outputs.find(session, golden_rows) if output is None else output
    manifest = Manifest(
        name=name, version=version, sha256=hashlib.sha256(model).hexdigest(), input_name=input_name,
        features=list(features), output=output, thresholds=thresholds, training=training, reference=reference,
    )
    scores = outputs.score(session, output, golden_rows)
    # First elsewhere: what is not in order replaces nothing.
    with tempfile.TemporaryDirectory() as parent:
        draft = Path(parent)
        (draft / MODEL_FILE).write_bytes(model)
        (draft / MANIFEST_FILE).write_text(text(manifest, MODEL_FILE), encoding="utf-8", newline="\n")
        _write_golden(draft / GOLDEN_FILE, manifest.features, golden_rows, scores)
        found = complaints(draft) or _by_the_gateway(draft, causeway)
        if found:
            raise ValueError(f"The package is not written to {folder}: {' '.join(found)}")
        folder.mkdir(parents=True, exist_ok=True)
        for file in (MODEL_FILE, MANIFEST_FILE, GOLDEN_FILE):
            shutil.copyfile(draft / file, folder / file)
    return output


def _by_the_gateway(folder: Path, causeway: Path | None) -> list[str]:
    try:
        program = gateway.find(causeway)
    except gateway.Missing as missing:
        if causeway:
            raise
        print(f"not checked by the gateway: {missing}")
        return []
    return gateway.complaints(program, folder)


def _write_golden(file: Path, features: list[str], rows: np.ndarray, scores: np.ndarray) -> None:
    with file.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow([*features, "score"])
        # The text of a numpy float32 is the shortest that reads back as the same float32.
        for row, value in zip(rows, scores, strict=True):
            writer.writerow([str(number) for number in (*row, value)])


def serialized(model: ModelProto) -> bytes:
    """The model as bytes that are the same each time: exporters list the operator sets in any order."""
    opsets = sorted(model.opset_import, key=lambda opset: opset.domain)
    del model.opset_import[:]
    model.opset_import.extend(opsets)
    return model.SerializeToString(deterministic=True)


def score(folder: Path, rows: np.ndarray) -> np.ndarray:
    """The fraud score of each row, float32 [n], by the package's model in ONNX Runtime."""
    output = Output(**read_manifest(folder)["output"])
    return outputs.score(outputs.load((folder / MODEL_FILE).read_bytes()), output, rows)


def read_manifest(folder: Path) -> dict:
    """The manifest as nested dictionaries."""
    return tomllib.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))


def read_golden(folder: Path) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Feature names, rows as float32 [n, features] and scores as float32 [n]."""
    with (folder / GOLDEN_FILE).open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    table = np.array(lines, dtype=np.float32).reshape(-1, len(header))
    return header[:-1], table[:, :-1], table[:, -1]


def golden_error(folder: Path, rows: np.ndarray, scores: np.ndarray) -> float:
    """The largest absolute difference between the golden scores and what the model gives for the rows."""
    return float(np.max(np.abs(score(folder, rows).astype(np.float64) - scores)))


def complaints(folder: Path) -> list[str]:
    """What is wrong with the package, one sentence each; empty when nothing is."""
    manifest = read_manifest(folder)
    if manifest["format"] not in FORMATS:
        return [f"The format is {manifest['format']}; these scripts read {' and '.join(map(str, FORMATS))}."]
    found = _of_the_head(manifest)
    digest = hashlib.sha256((folder / manifest["file"]).read_bytes()).hexdigest()
    if digest != manifest["sha256"]:
        found.append(f"{manifest['file']} has SHA-256 {digest}, the manifest says {manifest['sha256']}: train again.")
    names, rows, scores = read_golden(folder)
    found += _of_the_features(manifest["input"]["features"], names)
    if not len(rows):
        found.append("There are no golden rows.")
    elif not ((scores >= 0) & (scores <= 1)).all():
        found.append("The golden scores are not all between 0 and 1: is the output a logit?")
    elif not (error := golden_error(folder, rows, scores)) <= GOLDEN_TOLERANCE:
        found.append(f"The golden scores are off by {error:.1e}; at most {GOLDEN_TOLERANCE:.0e} is allowed.")
    return found + _of_the_reference(manifest)


def _of_the_head(manifest: dict) -> list[str]:
    found = []
    if not NAME.fullmatch(manifest["name"]):
        found.append(f"The name {manifest['name']!r} must be lower-case letters, digits and -, a letter first.")
    if not 1 <= manifest["version"] <= MOST_VERSION:
        found.append(f"The version {manifest['version']} must be from 1 to {MOST_VERSION}.")
    thresholds = manifest["thresholds"]
    review = thresholds.get("review", thresholds["decline"])
    if not 0 < thresholds["step_up"] <= review <= thresholds["decline"] <= 1:
        found.append("The thresholds must satisfy 0 < step_up <= review <= decline <= 1.")
    return found


def _of_the_features(features: list[str], golden: list[str]) -> list[str]:
    found = []
    if features != golden:
        found.append("The features of manifest and golden rows differ in name or order.")
    unknown = [name for name in features if name not in ENGINE_NAMES]
    if unknown:
        found.append(f"The engine has no feature {', '.join(unknown)}; `causeway features list` prints all.")
    if len(set(features)) < len(features):
        found.append("A feature is named twice.")
    return found


def _of_the_reference(manifest: dict) -> list[str]:
    if "reference" not in manifest:
        return []
    reference = manifest["reference"]
    found = [
        f"The reference of {name} is no feature of the model."
        for name in reference["features"] if name not in manifest["input"]["features"]
    ]
    if not 0 <= reference["approval_rate"] <= 1:
        found.append(f"The approval rate {reference['approval_rate']} is no share.")
    for name, bins in {"the score": reference["score"], **reference["features"]}.items():
        wrong = _bins_are_wrong(bins["edges"], bins["shares"])
        found += [f"The reference of {name} is wrong: {wrong}."] if wrong else []
    return found


def _bins_are_wrong(edges: list[float], shares: list[float]) -> str | None:
    if len(shares) != len(edges) + 1 or len(shares) > MOST_BINS:
        return f"{len(edges)} edges and {len(shares)} shares, where shares are one more and at most {MOST_BINS}"
    if not all(low < high for low, high in zip(edges, edges[1:], strict=False)):
        return "the edges do not ascend"
    if min(shares) < 0 or not abs(sum(shares) - 1) <= SHARES_TOLERANCE:
        return "the shares do not sum to 1"
    return None


def main() -> int:
    """Checks the packages named on the command line; 1 when one is wrong, 2 when none is named."""
    if len(sys.argv) < 2:
        print("usage: python models/package.py FOLDER...", file=sys.stderr)
        return 2
    wrong = False
    for folder in map(Path, sys.argv[1:]):
        try:
            found = complaints(folder) or _by_the_gateway(folder, None)
        except Exception as error:  # A check reports whatever way a package is broken in; none may end it.
            found = [f"The package cannot be read ({type(error).__name__}): {error}"]
        wrong = wrong or bool(found)
        print(f"{folder}: " + (" ".join(found) or "good"))
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
