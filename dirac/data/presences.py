"""How much of a window is whose, told by statistics of the sound alone: presences of sources.

In a window, how much magnitudes change along time and along frequency is about a sum over the
sources: a profile times a presence (what is struck stands upright in a spectrogram, what is held
lies). Nonnegative matrix factorisation of these statistics finds both. A slapped bass stands more
upright than a plucked one: so each song bends the profiles towards its own windows.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dirac.data.store import LatentStore

Array = np.ndarray[Any, np.dtype[Any]]
# (batch, channels, frames) -> (batch, bands, frames of any one rate): what latents sound like, as
# roots of magnitudes, whose squares add over sources
Listen = Callable[[Tensor], Tensor]
MAX_READ = 1_000_000  # windows, evenly spread: anchors enough, and memory stays the same
MAX_FITTED = 20_000  # windows; more of them change no profile
QUIET = 0.05  # of the mean power: below it a window says nothing
N_BANDS = 16  # in which changes are gathered: timbres differ in detail, sources in manner
OWN_WINDOWS = 8.0  # that a song must have for profiles of its own to weigh as much as all songs'
NOT_ZERO = 1e-3  # a factorisation that begins with nothing stays there
FIT: dict[str, Any] = {"solver": "mu", "beta_loss": "kullback-leibler", "max_iter": 400}


class AnchorError(ValueError):
    """A store in which no anchors can be found."""


@dataclass(frozen=True)
class Windows:
    """Windows side by side in the excerpts of a store.

    places: (windows, 2), excerpt and first frame; statistics: (windows, statistics), sum 1 each;
    songs: (windows,), numbers.
    """

    places: Array
    statistics: Array
    songs: Array


def read_windows(path: Path, n_frames: int, listen: Listen) -> Windows:
    """The windows of a store's mixtures, but for the quietest.

    Raises AnchorError when no window has any sound in it.
    """
    store = LatentStore(path)
    places, statistics = [], []
    n_windows = len(store) * (store.meta.n_frames // n_frames)
    numbers = range(0, len(store), n_windows // MAX_READ + 1)
    for index in tqdm(numbers, "reading windows", unit="excerpt"):
        heard = listen(torch.from_numpy(store.mixture(index))[None])[0].cpu().numpy()
        rate = heard.shape[1] / store.meta.n_frames
        for start in range(0, store.meta.n_frames - n_frames + 1, n_frames):
            places.append((index, start))
            window = heard[:, round(rate * start) : round(rate * (start + n_frames))]
            statistics.append(_changes(window))
    table = np.array(statistics, dtype=np.float64)
    if not table.any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    balanced = _balanced(table)
    total = balanced.sum(axis=1)
    loud = total > QUIET * total.mean()
    named, chosen = [excerpt.track for excerpt in store.meta.excerpts], np.array(places)[loud]
    songs = np.unique(named, return_inverse=True)[1][chosen[:, 0]]
    return Windows(chosen, balanced[loud] / total[loud, None], songs)


def fit_profiles(windows: Windows, n_sources: int, seed: int) -> Array:
    """The profiles of the sources, (sources, statistics), each of sum 1."""
    from sklearn.decomposition import NMF

    chosen = windows.statistics
    if len(chosen) > MAX_FITTED:
        chosen = np.random.default_rng(seed).choice(chosen, MAX_FITTED, replace=False)
    if len(chosen) < n_sources:
        raise AnchorError(f"{n_sources} sources cannot be told apart in {len(chosen)} windows")
    model = NMF(n_sources, init="nndsvda", random_state=seed, **FIT)
    model.fit(chosen)
    profiles: Array = model.components_
    return profiles / profiles.sum(axis=1, keepdims=True)


def find_presences(windows: Windows, profiles: Array) -> Array:
    """How much of each window each source explains, (windows, sources), each of sum 1."""
    from sklearn.decomposition import non_negative_factorization

    presences: Array = non_negative_factorization(
        windows.statistics, H=profiles, update_H=False, n_components=len(profiles), **FIT
    )[0]
    return presences / presences.sum(axis=1, keepdims=True).clip(1e-12)


def adapt_presences(windows: Windows, profiles: Array, presences: Array) -> Array:
    """Presences like these of all songs' profiles, with those of each song in their place:

    a factorisation of its own windows that begins with both, and in which the profiles count as
    much as OWN_WINDOWS windows more.
    """
    from sklearn.decomposition import non_negative_factorization
    from sklearn.exceptions import ConvergenceWarning

    adapted = np.empty_like(presences)
    known = OWN_WINDOWS * profiles
    for song in np.unique(windows.songs):
        own = windows.songs == song
        begin = np.concatenate([presences[own], OWN_WINDOWS * np.eye(len(profiles))])
        with warnings.catch_warnings(action="ignore", category=ConvergenceWarning):
            found, bent, _ = non_negative_factorization(
                np.concatenate([windows.statistics[own], known]),
                W=begin + NOT_ZERO,
                H=profiles + NOT_ZERO * profiles.mean(),
                n_components=len(profiles),
                init="custom",
                **FIT,
            )
        adapted[own] = found[: own.sum()] * bent.sum(axis=1)
    return adapted / adapted.sum(axis=1, keepdims=True).clip(1e-12)


def _balanced(statistics: Array) -> Array:
    """Columns halfway (in decibels) between their own levels and equal ones.

    As they are, low bands drown the high ones, in which drums differ most from the rest.
    """
    level = statistics.mean(axis=0)
    balanced: Array = statistics / np.sqrt(level.clip(1e-6 * level.max()))
    return balanced


def _changes(amplitude: Array) -> Array:
    """Mean squares of the changes of magnitudes (bands, frames) along time, then frequency.

    (2 N_BANDS,) at most, gathered from neighbouring bands.
    """
    along_time = np.square(np.diff(amplitude, axis=1)).mean(axis=1)
    along_frequency = np.square(np.diff(amplitude, axis=0)).mean(axis=1)
    return np.array(
        [
            band.mean()
            for changes in (along_time, along_frequency)
            for band in np.array_split(changes, min(N_BANDS, len(changes)))
        ]
    )
