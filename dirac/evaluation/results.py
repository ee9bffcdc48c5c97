"""The files of a finished evaluation: scores, table, plots and metrics.json."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dirac.evaluation.intervals import Bootstrap, find_intervals
from dirac.evaluation.plots import draw_boxes, flatten
from dirac.evaluation.run import scores_path
from dirac.evaluation.scores import DECIMALS, Document
from dirac.evaluation.signals import Signals
from dirac.evaluation.summary import ASSIGNMENTS, METRICS, count, summarise, tabulate, write_table

PLOTTED = ("si_sdr", "sdr", "sir")
OURS = "refined"  # the method whose figures stand for a run


def write_results(
    documents: Sequence[Document],
    signals: Signals,
    sampled: tuple[Mapping[str, str], Bootstrap],
    sources: Sequence[str],
    measured: Mapping[str, Mapping[str, float]],
    folder: Path,
) -> dict[str, Any]:
    """Writes scores/, table.csv, plots/ and metrics.json into `folder` -> what metrics.json holds.

    sampled: the song of each excerpt, and how songs are drawn for the intervals.
    measured: its sections beside the separation's.
    """
    rows = tabulate(documents)
    fixed, best = (
        {
            method: figures | intervals[method]
            for method, figures in summarise(rows, assignment).items()
        }
        for assignment in ASSIGNMENTS
        for intervals in [find_intervals(rows, *sampled, assignment)]
    )
    metrics = {
        "separation": fixed,
        "separation_best": best,
        **measured,
        "counts": count(documents, sources),
    }
    for document in documents:
        source = scores_path(signals, document["method"], document["excerpt"])
        target = scores_path(Signals(folder), document["method"], document["excerpt"])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    write_table(rows, folder / "table.csv")
    for metric in PLOTTED:
        draw_boxes(rows, metric, "fixed", list(fixed), folder / "plots" / f"{metric}.png")
    write_table(flatten(fixed, "fixed") + flatten(best, "best"), folder / "plots" / "scores.csv")
    write_json(metrics, folder / "metrics.json")
    return metrics


def average(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Of the scores of each excerpt, by name: {excerpt: {name: x}} -> {name: mean}."""
    rows = list(scores.values())
    return {name: round(sum(row[name] for row in rows) / len(rows), DECIMALS) for name in rows[0]}


def write_reconstruction(
    reconstructed: Mapping[str, Mapping[str, float]],
    measured: Mapping[str, Mapping[str, Any]],
    folder: Path,
) -> dict[str, Any]:
    """`write_results` where nothing is separated: of each excerpt how it was made again.

    The sections of separation in metrics.json are empty.
    """
    rows = [
        {"excerpt": excerpt, **{name: round(x, DECIMALS) for name, x in scores.items()}}
        for excerpt, scores in reconstructed.items()
    ]
    metrics = {
        "separation": {},
        "separation_best": {},
        **measured,
        "counts": {"n_excerpts": len(rows), "n_scored_excerpts": 0},
    }
    for row in rows:
        write_json(row, folder / "scores" / "reconstruction" / f"{row['excerpt']}.json")
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for place in ("table.csv", "plots/reconstruction.csv"):
        write_table(rows, folder / place)
    write_json(metrics, folder / "metrics.json")
    return metrics


def write_json(content: Mapping[str, Any], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8")


def summary_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """For tracking: ours as si_sdr/drums and so on, other methods' means as nmf/si_sdr/mean."""
    summary: dict[str, float | None] = {}
    for method, scores in metrics["separation"].items():
        for metric in METRICS:
            values = scores.get(metric, {"mean": None})
            if method == OURS:
                summary |= {f"{metric}/{source}": value for source, value in values.items()}
            else:
                summary[f"{method}/{metric}/mean"] = values["mean"]
    for section in ("reconstruction", "generation"):
        summary |= {f"{section}/{name}": value for name, value in metrics[section].items()}
    return {name: value for name, value in summary.items() if value is not None}
