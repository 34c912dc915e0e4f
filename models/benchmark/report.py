"""What a run of the benchmark leaves behind: scores, results as JSON and Markdown, plots."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib
import numpy as np
from sklearn.metrics import precision_recall_curve

from model import TRAINED_ON
from protocol import Figures

# What the book publishes as means of the four test weeks. The best of each figure is another model's each time.
PUBLISHED = {
    "book, logistic regression": Figures(0.868, 0.623, 0.297),
    "book, random forest": Figures(0.870, 0.678, 0.299),
    "book, XGBoost": Figures(0.869, 0.687, 0.303),
    "book, XGBoost, best of its grid": Figures(0.872, 0.694, 0.304),
    "book, neural network": Figures(0.876, 0.675, 0.303),
    "book, LSTM": Figures(0.876, 0.665, 0.297),
    "book, LSTM with attention": Figures(0.874, 0.667, 0.295),
    "book, best of each figure": Figures(0.879, 0.694, 0.304),
}


@dataclass(frozen=True)
class Result:
    """One test week: the figures and, for each tested transaction, what they were computed from."""

    week: str
    figures: Figures
    ids: np.ndarray
    day: np.ndarray
    fraud: np.ndarray
    scores: np.ndarray

    @staticmethod
    def mean(results: list["Result"]) -> Figures:
        """The mean over the weeks."""
        return Figures.mean([result.figures for result in results])


# What baselines.py leaves in the same folder.
BASELINES = "baselines.json"


def read_baselines(out: Path) -> dict[str, dict[str, Figures]]:
    """The figures of the book's own models by their names and by week, if they were run."""
    path = out / BASELINES
    if not path.exists():
        return {}
    found = json.loads(path.read_text("utf-8"))
    return {name: {week: Figures(**figures) for week, figures in weeks.items()} for name, weeks in found.items()}


def write_report(
    out: Path, results: dict[str, list[Result]], about: dict, published: dict[str, Figures],
    baselines: dict[str, dict[str, Figures]],
) -> None:
    """Writes all files of a run; `results` are the weeks by the name of the setting, `published` and the book's models
    run again are put beside them.
    """
    write_scores(out / "scores.csv", results)
    document = about | {
        "settings": {
            name: {
                "weeks": {result.week: asdict(result.figures) for result in of}, "mean": asdict(Result.mean(of)),
            }
            for name, of in results.items()
        },
        "baselines": {
            name: {week: asdict(figures) for week, figures in weeks.items()} for name, weeks in baselines.items()
        },
        "published": {name: asdict(figures) for name, figures in published.items()},
    }
    (out / "results.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (out / "results.md").write_text(markdown(results, published, baselines), encoding="utf-8")
    # Without a display, and with the same bytes for the same figures.
    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "causeway"
    plot_precision(out / "precision-recall.svg", results, published)
    plot_weeks(out / "weeks.svg", results, published)


def write_scores(path: Path, results: dict[str, list[Result]]) -> None:
    """One line for each tested transaction and setting."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("setting,week,id,is_fraud,score\n")
        for name, of in results.items():
            for result in of:
                for row in zip(result.ids.tolist(), result.fraud.tolist(), result.scores.tolist(), strict=True):
                    file.write(f"{name},{result.week},{row[0]},{int(row[1])},{row[2]:.9g}\n")


def markdown(
    results: dict[str, list[Result]], published: dict[str, Figures], baselines: dict[str, dict[str, Figures]]
) -> str:
    """Each week and the mean of each setting; the book's models run again and the published means beneath."""
    lines = ["| Model | Week | AUC ROC | Average precision | Card precision@100 |", "|---|---|---|---|---|"]

    def add(model: str, week: str, figures: Figures, digits: int) -> None:
        values = " | ".join(f"{value:.{digits}f}" for value in asdict(figures).values())
        lines.append(f"| {model} | {week} | {values} |")

    for name, of in results.items():
        for result in of:
            add(name, result.week, result.figures, 4)
        add(f"**{name}**", "mean", Result.mean(of), 4)
    for name, weeks in baselines.items():
        for week, figures in weeks.items():
            add(f"book, {name}, run again", week, figures, 4)
        add(f"**book, {name}, run again**", "mean", Figures.mean(list(weeks.values())), 4)
    for name, figures in published.items():
        add(name, "mean of the four test weeks", figures, 3)
    lines += [""] + [f"{name} is trained on {TRAINED_ON[name]}." for name in results if name in TRAINED_ON]
    return "\n".join(lines) + "\n"


def plot_precision(path: Path, results: dict[str, list[Result]], published: dict[str, Figures]) -> None:
    """Precision against recall, a line for each week; the best published average precision in the title."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 5))
    for colour, (name, of) in enumerate(results.items()):
        for result in of:
            precision, recall, _ = precision_recall_curve(result.fraud, result.scores)
            label = f"{name}, mean AP {Result.mean(of).average_precision:.3f}" if result is of[0] else None
            axes.step(recall, precision, where="post", color=f"C{colour}", alpha=0.6, linewidth=1, label=label)
    best = max((figures.average_precision for figures in published.values()), default=None)
    axes.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axes.set_title("Precision and recall of each week" + (f" (best published mean AP {best:.3f})" if best else ""))
    axes.legend(loc="lower left")
    save(figure, path)


def plot_weeks(path: Path, results: dict[str, list[Result]], published: dict[str, Figures]) -> None:
    """The three figures week by week, the best published mean as a dashed line."""
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(1, 3, figsize=(11, 4))
    for axes, key in zip(panels, ("auc", "average_precision", "card_precision"), strict=True):
        for name, of in results.items():
            axes.plot([result.week[5:] for result in of], [getattr(one.figures, key) for one in of], "o-", label=name)
        if published:
            best = max(getattr(one, key) for one in published.values())
            axes.axhline(best, linestyle="--", color="grey", label="best published mean")
        axes.set_title(key.replace("_", " "))
        axes.tick_params(axis="x", labelrotation=45)
    panels[0].legend(loc="lower left", fontsize="small")
    save(figure, path)


def save(figure, path: Path) -> None:
    """Writes a figure without the time at which it was written."""
    from matplotlib import pyplot

    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)
