"""Plots for `dvc plots show`: of scores, with the means behind them, and of sounds."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dirac.audio.files import read_audio
from dirac.evaluation.summary import METRICS, Row
from dirac.reporting.figures import DYNAMIC_RANGE_DB, HEIGHT, WIDTH, spectrogram


def draw_boxes(
    rows: Sequence[Row], metric: str, assignment: str, methods: Sequence[str], path: Path
) -> None:
    """PNG of notched boxes without outliers over the excerpts: a group per source, a box a method.

    metric: one of `METRICS`, in dB. A method without scores leaves its place empty.
    """
    from matplotlib.figure import Figure

    sources = list(dict.fromkeys(row["source"] for row in rows))
    rows = [row for row in rows if row["assignment"] == assignment and row[metric] is not None]
    figure = Figure(figsize=(2.5 + 0.45 * len(methods) * len(sources), 4.5), dpi=110)
    axes = figure.add_subplot()
    for i, method in enumerate(methods):
        scores = [
            [r[metric] for r in rows if r["method"] == method and r["source"] == source]
            for source in sources
        ]
        axes.boxplot(
            scores,
            positions=[j + (i + 0.5) / (len(methods) + 1) for j in range(len(sources))],
            widths=0.7 / (len(methods) + 1),
            notch=True,
            showfliers=False,
            patch_artist=True,
            boxprops={"facecolor": f"C{i}", "alpha": 0.6},
            medianprops={"color": "black"},
            label=method,
        )
    axes.set_xticks([j + 0.5 - 0.5 / (len(methods) + 1) for j in range(len(sources))], sources)
    axes.set_ylabel(f"{metric.upper().replace('_', '-')} (dB)")
    axes.set_title(f"{assignment} assignment, per excerpt")
    axes.grid(axis="y", alpha=0.3)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", metadata={"Software": None})


def draw_spectrograms(listening: Path, path: Path) -> None:
    """PNG of the spectrograms of the first test excerpt's clips, and of the first that were made.

    listening: the folder that `dirac.evaluation.listening` wrote.
    """
    from matplotlib.figure import Figure

    index = json.loads((listening / "index.json").read_text(encoding="utf-8"))
    clips = [
        clip
        for section in index["sections"]
        if section["id"] in ("excerpts", "generation") and section["rows"]
        for clip in section["rows"][0]["clips"]
    ]
    figure = Figure(figsize=(9, 1.1 * len(clips)), dpi=80)
    for axes, clip in zip(figure.subplots(len(clips), squeeze=False)[:, 0], clips, strict=True):
        power = spectrogram(*read_audio(listening / clip["file"]), WIDTH, HEIGHT)
        decibels = 10 * np.log10(np.maximum(power, 1e-20) / max(float(power.max()), 1e-12))
        axes.imshow(
            decibels, "magma", vmin=-DYNAMIC_RANGE_DB, vmax=0, origin="lower", aspect="auto"
        )
        axes.set_ylabel(clip["label"], rotation=0, ha="right", va="center")
        axes.set(xticks=[], yticks=[])
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, bbox_inches="tight", metadata={"Software": None})


def flatten(summary: Mapping[str, Mapping[str, Mapping[str, Any]]], assignment: str) -> list[Row]:
    """A summary of `summarise` as rows: method, assignment, source ("mean" too), metrics."""
    return [
        {
            "method": method,
            "assignment": assignment,
            "source": source,
            **{metric: scores[metric][source] for metric in METRICS},
        }
        for method, scores in summary.items()
        for source in scores[METRICS[0]]
    ]
