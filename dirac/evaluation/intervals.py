"""How sure the figures of a run are: percentile bootstrap over songs (Efron & Tibshirani 1993).

Excerpts of one song are alike, so whole songs are drawn, with all their excerpts. The same draws
serve every method, so that their figures move together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dirac.evaluation.scores import DECIMALS
from dirac.evaluation.summary import BSS_METRICS, METRICS, Row

Values = NDArray[np.float64]
Intervals = dict[str, dict[str, dict[str, Any]]]  # method -> "si_sdr_low" -> source or "mean"


@dataclass(frozen=True)
class Bootstrap:
    """level: of the interval, as 0.95. A draw has as many songs as there are."""

    n_resamples: int
    level: float
    seed: int

    def draw(self, n_songs: int) -> NDArray[np.int64]:
        """How often each song is in each draw, (resamples, songs)."""
        random = np.random.default_rng(self.seed)
        even = np.full(n_songs, 1 / n_songs)
        counts: NDArray[np.int64] = random.multinomial(n_songs, even, size=self.n_resamples)
        return counts

    def bounds(self, figures: Values) -> tuple[float | None, float | None]:
        """Of the figures of all draws; None where too many draws have none to say it."""
        if np.isnan(figures).mean() > 1 - self.level:
            return None, None
        tail = 50 * (1 - self.level)
        low, high = np.nanpercentile(figures, [tail, 100 - tail])
        return round(float(low), DECIMALS), round(float(high), DECIMALS)


def find_intervals(
    rows: Sequence[Row], songs: Mapping[str, str], bootstrap: Bootstrap, assignment: str
) -> Intervals:
    """For all that `summarise` gives of these rows: where it lies, as si_sdr_low and si_sdr_high.

    songs: of each excerpt, the song it was cut from. A single song says nothing: None throughout.
    """
    numbers = {song: n for n, song in enumerate(sorted(set(songs.values())))}
    counts = bootstrap.draw(len(numbers))
    # As often as its song is each excerpt in each draw.
    weights = {excerpt: counts[:, numbers[song]] for excerpt, song in songs.items()}
    grouped: dict[str, dict[str, list[Row]]] = {}
    for row in rows:
        if row["assignment"] == assignment:
            grouped.setdefault(row["method"], {}).setdefault(row["source"], []).append(row)
    intervals: Intervals = {method: {} for method in grouped}
    for method, by_source in grouped.items():
        for metric in METRICS:
            figures = {s: _resample(metric, of_s, weights) for s, of_s in by_source.items()}
            # As in the summary, the mean is one over the sources that have a figure.
            scored = [f for f in figures.values() if not np.isnan(f).all()]
            figures = {"mean": np.mean(scored or list(figures.values()), axis=0), **figures}
            bounds = {s: bootstrap.bounds(values) for s, values in figures.items()}
            if len(numbers) < 2:
                bounds = dict.fromkeys(bounds, (None, None))
            intervals[method][f"{metric}_low"] = {s: low for s, (low, _) in bounds.items()}
            intervals[method][f"{metric}_high"] = {s: high for s, (_, high) in bounds.items()}
    return intervals


def _resample(metric: str, rows: Sequence[Row], weights: Mapping[str, NDArray[np.int64]]) -> Values:
    """The figure of every draw, (draws,); nan where a draw has no scored excerpt."""
    scored = [row for row in rows if row[metric] is not None]
    if not scored:
        return np.full(len(next(iter(weights.values()))), np.nan)
    values = np.array([row[metric] for row in scored], dtype=np.float64)
    drawn = np.stack([weights[row["excerpt"]] for row in scored], axis=1).astype(np.float64)
    return (weighted_median if metric in BSS_METRICS else weighted_mean)(values, drawn)


def weighted_mean(values: Values, weights: Values) -> Values:
    """values: (n,), weights: (draws, n) -> (draws,); nan without weight."""
    with np.errstate(invalid="ignore"):
        means: Values = weights @ values / weights.sum(1)
    return means


def weighted_median(values: Values, weights: Values) -> Values:
    """The median of values that are there as often as their (whole) weights say; as above."""
    order = np.argsort(values)
    reached = np.cumsum(weights[:, order], axis=1)
    half = reached[:, -1:] / 2
    lower, upper = (reached >= half).argmax(1), (reached > half).argmax(1)
    medians: Values = (values[order][lower] + values[order][upper]) / 2
    return np.where(half[:, 0] > 0, medians, np.nan)
