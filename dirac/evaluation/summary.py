"""All scores of a run in one table, and the few figures that stand for them.

SI-SDR and its improvement: mean over excerpts. BSS Eval's: median over frames, then over excerpts
(museval's convention). "mean" is the mean over the sources of those.
"""

import csv
import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from dirac.evaluation.scores import DECIMALS, Document

Row = dict[str, Any]
BSS_METRICS = ("sdr", "sir", "isr", "sar")
METRICS = ("si_sdr", "si_sdri", *BSS_METRICS)
COLUMNS = ("excerpt", "method", "assignment", "source", *METRICS)
ASSIGNMENTS = ("fixed", "best")


def tabulate(documents: Iterable[Document]) -> list[Row]:
    """One row per document, assignment and source, with `COLUMNS`; None where there is no score."""
    return [
        {
            "excerpt": document["excerpt"],
            "method": document["method"],
            "assignment": assignment,
            "source": target["name"],
            "si_sdr": target["si_sdr"],
            "si_sdri": target["si_sdri"],
            **{metric: _median_over_frames(target, metric.upper()) for metric in BSS_METRICS},
        }
        for document in documents
        for assignment in ASSIGNMENTS
        for target in _targets(document, assignment)
    ]


def summarise(rows: Iterable[Row], assignment: str) -> dict[str, dict[str, dict[str, Any]]]:
    """{method: {metric: {"mean": x, source: x, ...}}}; None where no excerpt has a score."""
    values: dict[str, dict[str, dict[str, list[float]]]] = {}
    for row in rows:
        if row["assignment"] != assignment:
            continue
        method = values.setdefault(row["method"], {})
        for metric in METRICS:
            scores = method.setdefault(metric, {}).setdefault(row["source"], [])
            if row[metric] is not None:
                scores.append(row[metric])
    return {
        method: {metric: _over_excerpts(metric, scores) for metric, scores in metrics.items()}
        for method, metrics in values.items()
    }


def count(documents: Sequence[Document], sources: Sequence[str]) -> dict[str, Any]:
    """What was scored and what was not: silent references, missed sources, undefined frames."""
    excerpts: dict[str, list[Document]] = {}
    n_missed: dict[str, int] = defaultdict(int)
    n_undefined: dict[str, int] = defaultdict(int)
    for document in documents:
        excerpts.setdefault(document["excerpt"], document["targets"])
        method = document["method"]
        n_missed[method] += sum(t["scored"] and t["missed"] for t in document["targets"])
        n_undefined[method] += max(  # a window is so for all of its sources
            sum("SDR" not in frame["metrics"] for frame in target["frames"])
            for target in document["targets"]
        )
    return {
        "n_excerpts": len(excerpts),
        "n_scored_excerpts": sum(any(t["scored"] for t in each) for each in excerpts.values()),
        "n_silent_references": {
            source: sum(
                t["silent"] for each in excerpts.values() for t in each if t["name"] == source
            )
            for source in sources
        },
        "n_missed_sources": dict(n_missed),
        "n_undefined_frames": dict(n_undefined),
    }


def _targets(document: Document, assignment: str) -> list[Document]:
    targets: list[Document] = (document if assignment == "fixed" else document["best"])["targets"]
    return targets


def _median_over_frames(target: Document, metric: str) -> float | None:
    values = [f["metrics"][metric] for f in target["frames"] if metric in f["metrics"]]
    return statistics.median(values) if values else None


def _over_excerpts(metric: str, scores: dict[str, list[float]]) -> dict[str, Any]:
    centre = statistics.median if metric in BSS_METRICS else statistics.fmean
    centres = {
        source: round(centre(values), DECIMALS) for source, values in scores.items() if values
    }
    mean = round(statistics.fmean(centres.values()), DECIMALS) if centres else None
    return {"mean": mean, **{source: centres.get(source) for source in scores}}


def write_table(rows: Sequence[Row], path: Path) -> None:
    """The rows, of the same columns all, as CSV; a missing score is an empty field."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
