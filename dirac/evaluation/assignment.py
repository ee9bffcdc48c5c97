"""N parts onto M sources: every part goes to one source, and the parts of a source are summed.

With N >= M every source gets at least one part. With N < M every part gets a source of its own and
M - N sources are missed. A source that is missed, or whose parts are silent, is scored as if the
mixture were handed in for it (SI-SDR improvement 0): that is what its listener is left with.

SI-SDR of any sum of parts follows from inner products alone, so all assignments are searched
exactly: one table (subsets of parts, sources) holds all that any assignment can score.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product

import numpy as np
from numpy.typing import NDArray

from dirac.evaluate_section import MAX_ASSIGNMENTS
from dirac.metrics.separation import si_sdr_of_energies

LIMIT_DB = 100.0  # float32 signals say nothing beyond: perfect is 100 dB, not infinity
Assignment = tuple[int, ...]  # of part n: the index of its source


@dataclass(frozen=True)
class Table:
    """SI-SDR in dB of every subset of parts as estimate of every source, for one excerpt.

    si_sdr: (2^parts, sources); bit n of the row number says whether part n is in the sum. Columns
    of silent sources are nan. mixture: (sources,), what the mixture itself scores.
    """

    si_sdr: NDArray[np.float64]
    mixture: NDArray[np.float64]

    @property
    def n_parts(self) -> int:
        return int(self.si_sdr.shape[0]).bit_length() - 1

    @property
    def n_sources(self) -> int:
        return int(self.si_sdr.shape[1])


def score_subsets(
    parts: NDArray[np.floating], references: NDArray[np.floating], scored: NDArray[np.bool_]
) -> Table:
    """parts (parts, channels, time), references (sources, channels, time) that sum to the mixture.

    scored: (sources,), the sources to score. The channels share one scale: they count as one long
    signal. Raises ValueError where the lengths differ.
    """
    if parts.shape[1:] != references.shape[1:]:
        raise ValueError(
            f"parts {parts.shape} and references {references.shape} differ in channels or time"
        )
    flat_parts = parts.reshape(len(parts), -1).astype(np.float64)
    flat_references = references.reshape(len(references), -1).astype(np.float64)
    among_parts = flat_parts @ flat_parts.T
    across = flat_parts @ flat_references.T
    among_references = flat_references @ flat_references.T
    subsets = _subsets(len(parts))
    energies = np.einsum("sn,nm,sm->s", subsets, among_parts, subsets, optimize=True)
    power = np.diag(among_references)
    mixture = si_sdr_of_energies(among_references.sum(), among_references.sum(0), power)
    scores = si_sdr_of_energies(energies[:, None], subsets @ across, power)
    scores = np.where(energies[:, None] > 0.0, scores, mixture)
    return Table(*(limit(np.where(scored, decibels, np.nan)) for decibels in (scores, mixture)))


def limit(decibels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Within +-`LIMIT_DB`; nan stays nan."""
    return np.clip(decibels, -LIMIT_DB, LIMIT_DB)


def best_assignment(tables: Sequence[Table]) -> Assignment:
    """The one assignment that maximises the mean SI-SDR over all these excerpts.

    Given a single table, the best for that excerpt. Each source counts the same, by its mean over
    the excerpts in which it is not silent. Ties go to the first in lexical order.
    """
    n_parts, n_sources = tables[0].n_parts, tables[0].n_sources
    scores = np.stack([table.si_sdr for table in tables])
    counted = ~np.isnan(scores)
    mean = np.where(counted, scores, 0.0).sum(0) / np.maximum(counted.sum(0), 1)
    assignments = _assignments(n_parts, n_sources)
    bits = 1 << np.arange(n_parts)
    totals = np.zeros(len(assignments))
    for source in range(n_sources):
        rows = (assignments == source) @ bits
        totals += mean[rows, source]
    return tuple(int(source) for source in assignments[int(np.argmax(totals))])


def apply_assignment(
    assignment: Assignment, parts: NDArray[np.floating], references: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Estimates (sources, channels, time), and which sources were missed (sources,).

    A missed source's estimate is its equal share of the mixture.
    """
    owners = np.asarray(assignment)[:, None] == np.arange(len(references))
    estimates = np.einsum("ns,nct->sct", owners.astype(parts.dtype), parts)
    missed = ~np.any(estimates != 0.0, axis=(1, 2))
    share = references.sum(0) / len(references)
    return np.where(missed[:, None, None], share, estimates), missed


def _subsets(n_parts: int) -> NDArray[np.float64]:
    """(2^parts, parts) of 0 and 1: column n is bit n of the row number."""
    return (np.arange(1 << n_parts)[:, None] >> np.arange(n_parts) & 1).astype(np.float64)


def _assignments(n_parts: int, n_sources: int) -> NDArray[np.int64]:
    """All of them, (assignments, parts), in lexical order."""
    if n_sources**n_parts > MAX_ASSIGNMENTS:
        raise ValueError(
            f"{n_parts} parts onto {n_sources} sources is too many to search exactly: "
            f"evaluate fewer parts or sources (at most {MAX_ASSIGNMENTS} assignments)"
        )
    if n_parts < n_sources:
        return np.array(list(permutations(range(n_sources), n_parts)))
    every = np.array(list(product(range(n_sources), repeat=n_parts)))
    complete = np.all([(every == source).any(1) for source in range(n_sources)], axis=0)
    return every[complete]
