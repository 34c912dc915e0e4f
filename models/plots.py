"""Pictures of how good a model's scores are, as PNG files, and their numbers as `metrics.json`.

    python models/plots.py SCORES.csv FOLDER --package models/baseline/2

SCORES.csv has the columns `time` (RFC 3339), `score` and `label` (1 for fraud, 0 otherwise); the thresholds that are
marked are those of the package. `python models/train.py --plots FOLDER` draws them for what it trained. Needs
matplotlib: `tools/requirements/training.txt`.
"""

import argparse
import csv
import json
from datetime import datetime
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # Files only; a server has no screen.

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, PercentFormatter
from sklearn.metrics import precision_recall_curve

from manifest import Thresholds
from measures import CALIBRATION_EDGES, Scored, metrics
from package import read_manifest

# Colours by Okabe and Ito, which people tell apart whatever colours they see; lines differ in their dashes as well.
HONEST, FRAUD, GREY = "#0072B2", "#D55E00", "#666666"
VERDICTS = {"step_up": ("step-up", "#E69F00", ":"), "review": ("review", "#009E73", "-."),
            "decline": ("decline", "#CC79A7", "--")}

# Scores below are drawn here: a logarithmic axis has no zero.
LEAST_SCORE = 1e-4

# From these on one looks, and acts, as is the custom.
LOOK, ACT = 0.1, 0.25


def draw(folder: Path, scored: Scored, thresholds: Thresholds, title: str) -> dict:
    """Writes four pictures and metrics.json, creating the folder. `title` says of what, above each picture."""
    folder.mkdir(parents=True, exist_ok=True)
    found = metrics(scored, thresholds)
    (folder / "metrics.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, picture in (
        ("scores", _scores), ("calibration", _calibration), ("precision-recall", _precision_recall), ("drift", _drift),
    ):
        figure = picture(scored, found, title)
        figure.savefig(folder / f"{name}.png", dpi=120, metadata={"Software": None})
        plt.close(figure)
    return found


def _scores(scored: Scored, found: dict, title: str) -> plt.Figure:
    figure, axes = _figure(title, "Scores of honest and of fraudulent payments")
    edges = np.geomspace(LEAST_SCORE, 1, 61)
    for word, colour, inside in (("honest", HONEST, ~scored.labels), ("fraud", FRAUD, scored.labels)):
        scores = np.clip(scored.scores[inside], LEAST_SCORE, 1)
        weights = np.full(len(scores), 1 / max(len(scores), 1))
        label = f"{word}: {len(scores):,} payments"
        axes.hist(scores, edges, weights=weights, color=colour, alpha=0.25)
        axes.hist(scores, edges, weights=weights, color=colour, histtype="step", linewidth=1.5, label=label)
    for name, (word, colour, dashes) in VERDICTS.items():
        if name in found["thresholds"]:
            at = found["thresholds"][name]
            label = f"{word} from {at['score']:g}: {at['recall']:.0%} of frauds, {at['honest']:.1%} of honest"
            axes.axvline(at["score"], color=colour, linestyle=dashes, linewidth=2, label=label)
    axes.set(xscale="log", xlim=(LEAST_SCORE, 1), xlabel="score (logarithmic)", ylabel="share of each kind, per bin")
    axes.xaxis.set_major_formatter(_plain())
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    # Below the picture: wherever it stood inside, it would cover something.
    figure.legend(loc="outside lower center", ncols=2, fontsize=9)
    return figure


def _calibration(scored: Scored, found: dict, title: str) -> plt.Figure:
    figure, (axes, below) = plt.subplots(
        2, 1, figsize=(8, 6.5), height_ratios=(3, 1), sharex=True, layout="constrained",
    )
    figure.suptitle(title, fontsize=10, color=GREY)
    parts = found["calibration"]
    score, share = (np.array([part[name] for part in parts]) for name in ("score", "frauds"))
    # No fraud at all, or a wide interval, ends at the picture's edge: a logarithmic axis has no zero.
    low, high = (np.array([part[f"frauds_{end}"] for part in parts]) for end in ("low", "high"))
    score, low, seen = np.maximum(score, LEAST_SCORE), np.maximum(low, LEAST_SCORE / 2), share > 0
    axes.plot([LEAST_SCORE, 1], [LEAST_SCORE, 1], color=GREY, linestyle="--", label="a score is the share of frauds")
    axes.vlines(score, low, high, color=HONEST, linewidth=2, alpha=0.6, label="95% interval")
    axes.plot(score[seen], share[seen], "o-", color=HONEST, label="seen, for each bin of scores")
    axes.set(xscale="log", yscale="log", xlim=(LEAST_SCORE, 1), ylim=(LEAST_SCORE, 1.3), ylabel="share of frauds")
    axes.set_title("Calibration: what share of the payments with a score are fraud")
    axes.yaxis.set_major_formatter(_plain())
    axes.legend(loc="upper left")
    edges = np.maximum(CALIBRATION_EDGES, LEAST_SCORE)
    for part in parts:
        left, right = max(part["from"], edges[0]), part["to"]
        below.bar(left, part["payments"], right - left, align="edge", color=HONEST, alpha=0.3, edgecolor="white")
        below.text(np.sqrt(left * right), part["payments"] * 1.3, f"{part['payments']:,}", ha="center", fontsize=8)
    most = max(part["payments"] for part in parts)
    below.set(yscale="log", ylim=(1, most * 12), xlabel="mean score of the bin (logarithmic)", ylabel="payments")
    below.xaxis.set_major_formatter(_plain())
    for each in (axes, below):
        _tidy(each)
    return figure


def _precision_recall(scored: Scored, found: dict, title: str) -> plt.Figure:
    figure, axes = _figure(title, "Precision and recall")
    precision, recall, _ = precision_recall_curve(scored.labels, scored.scores)
    axes.step(recall, precision, where="post", color=HONEST, linewidth=1.5,
              label=f"the model: average precision {found['average_precision']:.3f}, AUC {found['auc']:.3f}")
    share = found["frauds"] / found["payments"]
    axes.axhline(share, color=GREY, linestyle="--", label=f"by chance: {share:.1%} of the payments are fraud")
    for (name, (word, colour, _)), marker in zip(VERDICTS.items(), "os^", strict=True):
        if name in found["thresholds"]:
            at = found["thresholds"][name]
            label = f"{word} from {at['score']:g}: precision {at['precision']:.0%}, recall {at['recall']:.0%}"
            axes.plot(at["recall"], at["precision"], marker, color=colour, markersize=10, label=label, zorder=3,
                      markeredgecolor="black")
    axes.set(xlim=(0, 1.01), ylim=(0, 1.03), xlabel="recall: share of the frauds that reach a score",
             ylabel="precision: share of frauds among what reaches it")
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.legend(loc="lower left")
    return figure


def _drift(scored: Scored, found: dict, title: str) -> plt.Figure:
    figure, axes = _figure(title, "Drift of the score, day by day, against the first part")
    days = found["drift"]
    for first, colour, label in ((True, "#999999", "first part, the reference"), (False, HONEST, "later days")):
        places = [place for place, day in enumerate(days) if day["first_part"] == first]
        axes.bar(places, [days[place]["psi"] for place in places], color=colour, label=label)
    axes.axhline(LOOK, color="#E69F00", linestyle="-.", linewidth=2, label=f"look from {LOOK} on")
    axes.axhline(ACT, color=FRAUD, linestyle="--", linewidth=2, label=f"act from {ACT} on")
    step = max(len(days) // 9, 1)
    axes.set_xticks(range(0, len(days), step), [day["day"] for day in days[::step]], rotation=30, ha="right")
    highest = max(day["psi"] for day in days)
    axes.set(ylim=(0, max(1.5 * ACT, 1.2 * highest)), xlabel="day (UTC)",
             ylabel="population stability index (0: no drift)")
    axes.legend(loc="upper left", ncols=2)
    return figure


def _figure(title: str, heading: str) -> tuple[plt.Figure, Axes]:
    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    figure.suptitle(title, fontsize=10, color=GREY)
    axes.set_title(heading)
    _tidy(axes)
    return figure, axes


def _tidy(axes: Axes) -> None:
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _plain() -> FuncFormatter:
    """0.01 instead of a power of ten."""
    return FuncFormatter(lambda value, _: f"{value:g}")


def read(file: Path) -> Scored:
    """The table of scores, in time order."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    at_ms = np.array([int(datetime.fromisoformat(row["time"]).timestamp() * 1000) for row in rows], dtype=np.int64)
    order = np.argsort(at_ms, kind="stable")
    scores = np.array([row["score"] for row in rows], dtype=np.float32)
    labels = np.array([row["label"] == "1" for row in rows])
    return Scored(scores[order], labels[order], at_ms[order])


def main() -> None:
    """Reads the command line and the table, and draws."""
    parser = argparse.ArgumentParser(description="Draws how good the scores of a table are.")
    parser.add_argument("scores", type=Path, help="CSV with the columns time, score and label")
    parser.add_argument("folder", type=Path, help="folder for the pictures and metrics.json")
    parser.add_argument("--package", type=Path, required=True, help="the model package whose thresholds are marked")
    arguments = parser.parse_args()
    manifest = read_manifest(arguments.package)
    title = f"{manifest['name']} {manifest['version']} on {arguments.scores.name}"
    draw(arguments.folder, read(arguments.scores), Thresholds(**manifest["thresholds"]), title)
    print(f"wrote the pictures and metrics.json to {arguments.folder}")


if __name__ == "__main__":
    main()
