"""How much of a window is whose, told by statistics of the sound alone: presences of sources.

In a window, how much magnitudes change along time and along frequency is about a sum over the
sources: a profile times a presence (what is struck stands upright in a spectrogram, what is held
lies). Nonnegative matrix factorisation of these statistics finds both. A slapped bass stands more
upright than a plucked one: so each song bends the profiles towards its own windows.

A conga has a pitch, as a bass has, but is left at once. So there is a second opinion by what is
held, of windows in which next to nothing is: there it knows drums that changes do not tell, and
elsewhere it takes hi-hats over a bass for drums alone.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dirac.data.store import LatentStore
from dirac.kept import keep_rows

Array = np.ndarray[Any, np.dtype[Any]]
# (batch, channels, frames) -> (batch, bands, frames of any one rate): what latents sound like, as
# roots of magnitudes, whose squares add over sources
Listen = Callable[[Tensor], Tensor]
STEPS = 4  # of which a window is long: they overlap, so that a short break fills one of them
MAX_READ = 1_000_000  # windows, evenly spread: anchors enough, and memory stays the same
MAX_FITTED = 20_000  # windows; more of them change no profile
QUIET = 0.05  # of the mean power: below it a window says nothing
OWN_WINDOWS = 8.0  # that a song must have for profiles of its own to weigh as much as all songs'
STRETCH = 8  # frames, at 75 Hz: what sounds all through one is held
HELD = 0.05  # share of a window's power from which on something is
SOUNDS = 0.005  # of a window's mean power: what its softer half has at least, if both sound
NOT_ZERO = 1e-3  # a factorisation that begins with nothing stays there
FIT: dict[str, Any] = {"solver": "mu", "beta_loss": "kullback-leibler", "max_iter": 400}


class AnchorError(ValueError):
    """A store in which no anchors can be found."""


@dataclass(frozen=True)
class Windows:
    """Windows of the excerpts of a store, each of which overlaps the next by 1 - 1 / STEPS.

    places: (windows, 2), excerpt and first frame; changes, with_held: (windows, statistics), sum 1
    each, changes alone and what is held besides; left: (windows,), whether all that sounds is left
    at once, and goes on sounding; songs: (windows,), numbers.
    """

    places: Array
    changes: Array
    with_held: Array
    left: Array
    songs: Array


def read_windows(
    path: Path, n_frames: int, n_bands: int, listen: Listen, folder: Path | None = None
) -> Windows:
    """The windows of a store's mixtures, but for the quietest.

    n_bands: in which statistics are gathered, of the bands that `listen` gives. folder: as for
    `keep_rows`. Raises AnchorError when no window has any sound in it.
    """
    store = LatentStore(path)
    starts = window_starts(store, n_frames)
    numbers = range(0, len(store), len(store) * len(starts) // MAX_READ + 1)

    def read(index: int) -> Tensor:
        """(windows, how they change, what is held, whether it is left)."""
        heard = listen(torch.from_numpy(store.mixture(index))[None])[0].cpu().numpy()
        rate = heard.shape[1] / store.meta.n_frames
        windows = [heard[:, round(rate * s) : round(rate * (s + n_frames))] for s in starts]
        told = [(*changes_of(w, n_bands), *_held(w, n_bands), is_left(w)) for w in windows]
        return torch.tensor(told, dtype=torch.float64)

    *statistics, left = keep_rows(folder, "reading windows", numbers, read).T.numpy()
    n_held = len(statistics) // 3  # of along time, along frequency and held
    tables = [np.stack(columns, axis=1) for columns in (statistics[:-n_held], statistics)]
    if not tables[0].any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    total = _balanced(tables[0]).sum(axis=1)
    loud = total > QUIET * total.mean()
    places = np.array([(index, start) for index in numbers for start in starts])[loud]
    by_changes, with_held = (relative(table)[loud] for table in tables)
    songs = store.meta.excerpts.tracks[places[:, 0]]
    return Windows(places, by_changes, with_held, left[loud] > 0, songs)


def window_starts(store: LatentStore, n_frames: int) -> range:
    """First frames of the windows of an excerpt. Raises AnchorError if it is shorter than one."""
    if store.meta.n_frames < n_frames:
        raise AnchorError(
            f"{store.path} has excerpts of {store.meta.n_frames} frames, and windows last "
            f"{n_frames}: lower train.anchors.n_frames or raise data.duration_seconds"
        )
    return range(0, store.meta.n_frames - n_frames + 1, max(1, n_frames // STEPS))


def tell_presences(stores: Sequence[Windows], n_sources: int, seed: int) -> list[Array]:
    """How much of each window each source explains, (windows, sources), for the windows of each

    store, by the profiles of the first, which is that of training.
    """
    from scipy.optimize import linear_sum_assignment

    songs = [windows.songs for windows in stores]
    told = by_profiles([windows.changes for windows in stores], songs, n_sources, seed)
    others = by_profiles([windows.with_held for windows in stores], songs, n_sources, seed)
    same = linear_sum_assignment(-told[0].T @ others[0])[1]  # both factorisations have any order
    return [
        np.where(windows.left[:, None], np.maximum(by_changes, by_held[:, same]), by_changes)
        for windows, by_changes, by_held in zip(stores, told, others, strict=True)
    ]


def by_profiles(
    statistics: Sequence[Array], songs: Sequence[Array], n_sources: int, seed: int
) -> list[Array]:
    """Presences of each table of statistics by the profiles of the first, bent by each song."""
    profiles = fit_profiles(statistics[0], n_sources, seed)
    return [
        adapt_presences(table, of_song, profiles, find_presences(table, profiles))
        for table, of_song in zip(statistics, songs, strict=True)
    ]


def fit_profiles(statistics: Array, n_sources: int, seed: int) -> Array:
    """The profiles of the sources, (sources, statistics), each of sum 1."""
    from sklearn.decomposition import NMF

    chosen = statistics
    if len(chosen) > MAX_FITTED:
        chosen = np.random.default_rng(seed).choice(chosen, MAX_FITTED, replace=False)
    n_windows, n_statistics = chosen.shape
    if min(chosen.shape) < n_sources:
        raise AnchorError(
            f"{n_sources} sources cannot be told apart in {n_windows} windows by {n_statistics} "
            "statistics: take more songs, more of train.anchors.n_bands or fewer of model.n_latents"
        )
    model = NMF(n_sources, init="nndsvda", random_state=seed, **FIT)
    model.fit(chosen)
    return _of_sum_1(model.components_)


def find_presences(statistics: Array, profiles: Array) -> Array:
    """How much of each window each source explains, (windows, sources), each of sum 1."""
    from sklearn.decomposition import non_negative_factorization

    presences: Array = non_negative_factorization(
        statistics, H=profiles, update_H=False, n_components=len(profiles), **FIT
    )[0]
    return _of_sum_1(presences)


def adapt_presences(statistics: Array, songs: Array, profiles: Array, presences: Array) -> Array:
    """Presences like these of all songs' profiles, with those of each song in their place:

    a factorisation of its own windows that begins with both, and in which the profiles count as
    much as OWN_WINDOWS windows more.
    """
    from sklearn.decomposition import non_negative_factorization
    from sklearn.exceptions import ConvergenceWarning

    adapted = np.empty_like(presences)
    known = OWN_WINDOWS * profiles
    for song in np.unique(songs):
        own = songs == song
        begin = np.concatenate([presences[own], OWN_WINDOWS * np.eye(len(profiles))])
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            found, bent, _ = non_negative_factorization(
                np.concatenate([statistics[own], known]),
                W=begin + NOT_ZERO,
                H=profiles + NOT_ZERO * profiles.mean(),
                n_components=len(profiles),
                init="custom",
                **FIT,
            )
        adapted[own] = found[: own.sum()] * bent.sum(axis=1)
    return _of_sum_1(adapted)


def is_left(roots: Array) -> bool:
    """Whether both halves of a window (bands, frames), roots of magnitudes, sound, and next to none

    of it is held.
    """
    power = np.square(np.square(roots.astype(np.float64)))
    n_stretches = max(1, power.shape[1] // STRETCH)
    held = [
        stretch.shape[1] * stretch.min(axis=1).sum()
        for stretch in np.array_split(power, n_stretches, axis=1)
    ]
    softer = min(half.mean() for half in np.array_split(power, 2, axis=1))
    return bool(sum(held) < HELD * power.sum() and softer > SOUNDS * power.mean())


def _of_sum_1(rows: Array) -> Array:
    normalised: Array = rows / rows.sum(axis=1, keepdims=True).clip(1e-12)
    return normalised


def relative(statistics: Array) -> Array:
    """Statistics of windows (windows, statistics) as shares of a window, halfway balanced."""
    return _of_sum_1(_balanced(statistics))


def _balanced(statistics: Array) -> Array:
    """Columns halfway (in decibels) between their own levels and equal ones.

    As they are, low bands drown the high ones, in which drums differ most from the rest.
    """
    level = statistics.mean(axis=0)
    balanced: Array = statistics / np.sqrt(level.clip(1e-6 * level.max()))
    return balanced


def changes_of(roots: Array, n_bands: int) -> Array:
    """Mean squares of the changes along time, then frequency, of roots of magnitudes.

    (bands, frames) -> (2 n_bands,) at most, gathered from neighbouring bands.
    """
    changes = (np.diff(roots, axis=1), np.diff(roots, axis=0))
    return np.concatenate([_gathered(change, n_bands) for change in changes])


def _held(roots: Array, n_bands: int) -> Array:
    """Mean squares of the changes along frequency of what roots of magnitudes (bands, frames) have

    for three quarters of each half, (n_bands,) at most, gathered as those of `changes_of`.
    """
    halves = np.array_split(roots, 2, axis=1)
    quartiles = [np.quantile(half, 0.25, axis=1) for half in halves]
    return _gathered(np.diff(quartiles, axis=1).T, n_bands)


def _gathered(changes: Array, n_bands: int) -> Array:
    """Mean squares of (bands, frames), (n_bands,) of neighbouring bands, fewer if there are."""
    means = np.square(changes).mean(axis=1)
    return np.array([band.mean() for band in np.array_split(means, min(n_bands, len(means)))])
