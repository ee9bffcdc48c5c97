"""Separate every test excerpt by every method and score it, in several processes, resumably."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dirac.devices import CPU
from dirac.evaluation.assignment import Assignment, Table, best_assignment, score_subsets
from dirac.evaluation.methods import Method
from dirac.evaluation.pool import Job, Pool
from dirac.evaluation.scores import Document, Settings, score
from dirac.evaluation.signals import Signals, find_scored, find_silent


def evaluate_separation(
    signals: Signals,
    excerpts: Sequence[str],
    methods: Mapping[str, Method | None],
    settings: Settings,
    n_processes: int,
) -> list[Document]:
    """The scores of all methods on all excerpts, by method, then excerpt, as `scores.py` says.

    methods: name -> how to get the parts, or None where all parts have been saved in `signals`.
    Every result is kept as a file (`scores_path`) and reused if it is there: `signals.folder` must
    belong to these settings. Above one process, the caller must be importable without effect
    (`if __name__ == "__main__"`), and methods must be picklable.
    """
    with Pool([CPU] * n_processes) as pool:
        pool.run(
            "separating",
            [
                (_estimate, (signals, name, excerpt, method, settings.sample_rate))
                for name, method in methods.items()
                for excerpt in excerpts
                if method is not None and not signals.has_parts(name, excerpt)
            ],
        )
        jobs: list[Job] = []
        for name in methods:
            fixed, best = find_assignments(signals, excerpts, name, settings)
            jobs += [
                (_score, (signals, name, excerpt, (fixed, best[excerpt]), settings))
                for excerpt in excerpts
                if not scores_path(signals, name, excerpt).exists()
            ]
        pool.run("scoring", jobs)
    paths = [scores_path(signals, name, excerpt) for name in methods for excerpt in excerpts]
    return [json.loads(path.read_text()) for path in paths]


def scores_path(signals: Signals, method: str, excerpt: str) -> Path:
    """Where the document of a method and excerpt is."""
    return signals.folder / "scores" / method / f"{excerpt}.json"


def find_assignments(
    signals: Signals, excerpts: Iterable[str], method: str, settings: Settings
) -> tuple[Assignment, dict[str, Assignment]]:
    """A method's one assignment for the whole set, and its best for every excerpt."""
    tables = {excerpt: _tabulate(signals, excerpt, method, settings) for excerpt in excerpts}
    best = {excerpt: best_assignment([table]) for excerpt, table in tables.items()}
    return best_assignment(list(tables.values())), best


def _tabulate(signals: Signals, excerpt: str, method: str, settings: Settings) -> Table:
    references = signals.load_references(excerpt)
    scored = find_scored(find_silent(references, settings.silence_db))
    return score_subsets(signals.load_parts(method, excerpt), references, scored)


def _estimate(signals: Signals, name: str, excerpt: str, method: Method, sample_rate: int) -> None:
    signals.save_parts(name, excerpt, method(signals.load_references(excerpt), sample_rate))


def _score(
    signals: Signals,
    method: str,
    excerpt: str,
    assignments: tuple[Assignment, Assignment],
    settings: Settings,
) -> None:
    references = signals.load_references(excerpt)
    parts = signals.load_parts(method, excerpt)
    document = {"excerpt": excerpt, "method": method}
    document |= score(parts, references, assignments, settings)
    path = scores_path(signals, method, excerpt)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not beside it: what a kill leaves there would be published with the folder of scores.
    beside = signals.folder / f"{method}-{excerpt}.partial"
    beside.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n")
    beside.replace(path)
