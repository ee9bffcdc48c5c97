"""The scores of one method on one excerpt, as a document in museval's schema (and a little more).

    {"museval_version", "excerpt", "method",
     "targets": [target, ...],                            by the assignment fixed for the whole set
     "best": {"targets": [target, ...]}}                  by the best assignment for this excerpt
    target: {"name", "parts": [which parts], "silent", "scored", "missed", "si_sdr", "si_sdri",
             "frames": [{"time", "duration", "metrics": {"SDR", "SIR", "ISR", "SAR"}}, ...]}

museval's schema has its version: here that of the package which is installed. It does not run;
`dirac.metrics.bss_eval` scores by its definitions, and a test holds the two together to 1e-6 dB.

A source that is not scored (silent, or the only one that sounds) is there with si_sdr null and no
frames. A frame's metric that is undefined, as where a signal is silent, is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dirac.evaluation.assignment import Assignment, apply_assignment, limit
from dirac.evaluation.signals import Signal, find_scored, find_silent
from dirac.metrics.separation import bss_eval, si_sdr

Document = dict[str, Any]
DECIMALS = 5  # as museval


@dataclass(frozen=True)
class Settings:
    """How scores are computed; window and hop are those of BSS Eval v4's frames."""

    sources: tuple[str, ...]
    sample_rate: int
    window_seconds: float
    hop_seconds: float
    silence_db: float


def score(
    parts: Signal,
    references: Signal,
    assignments: tuple[Assignment, Assignment],
    settings: Settings,
) -> Document:
    """The document's "targets" and "best", from the fixed and the best assignment.

    parts: (parts, channels, time), references: (sources, channels, time).
    """
    silent = find_silent(references, settings.silence_db)
    targets = {
        assignment: _score_assignment(parts, references, silent, assignment, settings)
        for assignment in set(assignments)
    }
    fixed, best = assignments
    return {
        "museval_version": version("museval"),
        "targets": targets[fixed],
        "best": {"targets": targets[best]},
    }


def _score_assignment(
    parts: Signal,
    references: Signal,
    silent: NDArray[np.bool_],
    assignment: Assignment,
    settings: Settings,
) -> list[Document]:
    estimates, missed = apply_assignment(assignment, parts, references)
    scored = find_scored(silent)
    frames = iter(_score_frames(references[scored], estimates[scored], settings))
    mixture = references.sum(0).ravel()
    targets = []
    for index, name in enumerate(settings.sources):
        target: Document = {
            "name": name,
            "parts": [part for part, owner in enumerate(assignment) if owner == index],
            "silent": bool(silent[index]),
            "scored": bool(scored[index]),
            "missed": bool(missed[index]),
            "si_sdr": None,
            "si_sdri": None,
            "frames": [],
        }
        if scored[index]:
            reference = references[index].ravel()
            ratio = float(limit(si_sdr(estimates[index].ravel(), reference)))
            of_mixture = float(limit(si_sdr(mixture, reference)))
            target["si_sdr"] = round(ratio, DECIMALS)
            target["si_sdri"] = round(ratio - of_mixture, DECIMALS)
            target["frames"] = next(frames)
        targets.append(target)
    return targets


def _score_frames(
    references: Signal, estimates: Signal, settings: Settings
) -> Sequence[list[Document]]:
    """For each of the sources, its frames."""
    if len(references) == 0:
        return []
    metrics = bss_eval(
        references,
        estimates,
        settings.sample_rate,
        settings.window_seconds,
        settings.hop_seconds,
    )
    metrics = {name: limit(values) for name, values in metrics.items()}
    n_frames = metrics["SDR"].shape[1]
    return [
        [
            {
                "time": round(frame * settings.hop_seconds, DECIMALS),
                "duration": settings.window_seconds,
                "metrics": {
                    name: round(float(values[source, frame]), DECIMALS)
                    for name, values in metrics.items()
                    if np.isfinite(values[source, frame])
                },
            }
            for frame in range(n_frames)
        ]
        for source in range(len(references))
    ]
