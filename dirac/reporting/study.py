"""Several seeds of the same setting, side by side: how much a training varies.

The study is a JSON list of runs, each {"setting": name, "seed": number, "sources": [name, ...],
"si_sdr": {"mean": dB, source: dB, ...}, "baselines": {method: mean dB, ...}, "oracle": mean dB,
"oracle_mask": mean dB and "n_songs": number that trained it (missing in older ones),
"train_cpu_seconds": number,
"versions": {"revision": of the code that made it, null without git}}.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dirac.reporting.charts import decibels
from dirac.reporting.inputs import ReportError, finite, read_json
from dirac.reporting.tables import method

Run = Mapping[str, Any]


@dataclass(frozen=True)
class StudyRow:
    """One setting on one choice of sources; cells as `COLUMNS`."""

    setting: str
    sources: str
    cells: list[str]


COLUMNS = (
    "training songs",
    "seeds",
    "mean",
    "worst",
    "best",
    "best baseline",
    "oracle of the codec",
    "its plain mask",
    "CPU minutes to train",
    "revision",
)


def read_study(path: Path | None) -> list[StudyRow]:
    """A row per setting, in the order of the file; none if there is no file.

    Raises ReportError, naming the file, if it is not as described above.
    """
    if path is None or not path.exists():
        return []
    groups: dict[tuple[str, str], list[Run]] = {}
    try:
        for run in read_json(path):
            key = (str(run["setting"]), ", ".join(run["sources"]))
            groups.setdefault(key, []).append(run)
        return [StudyRow(*key, _cells(runs)) for key, runs in groups.items()]
    except (KeyError, TypeError, ValueError) as error:
        raise ReportError(f"{path} is no list of runs ({error}): make it again.") from error


def _cells(runs: Sequence[Run]) -> list[str]:
    scores = [float(run["si_sdr"]["mean"]) for run in runs]
    oracles = [run["oracle"] for run in runs]
    masks = [run.get("oracle_mask") for run in runs]
    minutes = statistics.fmean(float(run["train_cpu_seconds"]) for run in runs) / 60
    return [
        ", ".join(sorted({str(run.get("n_songs", "–")) for run in runs})),
        str(len({run["seed"] for run in runs})),
        decibels(statistics.fmean(scores)),
        decibels(min(scores)),
        decibels(max(scores)),
        _best_baseline(runs),
        _mean(oracles),
        _mean(masks),
        f"{minutes:.1f}",
        ", ".join(sorted({(run["versions"]["revision"] or "–")[:7] for run in runs})),
    ]


def _mean(scores: Sequence[Any]) -> str:
    known = [value for score in scores if (value := finite(score)) is not None]
    return decibels(statistics.fmean(known) if known else None)


def _best_baseline(runs: Sequence[Run]) -> str:
    """The baseline with the highest mean over the runs, by name."""
    values: dict[str, list[float]] = {}
    for run in runs:
        for name, value in run["baselines"].items():
            values.setdefault(name, []).append(float(value))
    means = {name: statistics.fmean(found) for name, found in values.items()}
    if not means:
        return "–"
    best = max(means, key=lambda name: means[name])
    return f"{decibels(means[best])} ({method(best).label})"
