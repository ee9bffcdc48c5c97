"""Anchors: windows of mixtures in which little else than one source sounds, found without stems.

Instruments enter and leave. In a window, how much magnitudes change along time and along frequency
is about a sum over the sources: a profile times a presence (what is struck stands upright in a
spectrogram, what is held lies). Nonnegative matrix factorisation of these statistics finds both;
the windows in which one source's presence exceeds all others' most are its anchors. So what tells
sources apart is that they are not always there together. Magnitudes are those of the sound, of
whatever codec the latents are.

A model trained on these hears presences better than the statistics tell them: of what it takes
apart, how much of a window is whose. Its anchors hold what statistics shun, as loud kicks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from dirac.data.store import LatentStore

Array = np.ndarray[Any, np.dtype[Any]]
MAX_READ = 1_000_000  # windows, evenly spread: anchors enough, and memory stays the same
MAX_FITTED = 20_000  # windows; more of them change no profile
QUIET = 0.05  # of the mean power: below it a window says nothing
N_BANDS = 16  # in which changes are gathered: timbres differ in detail, sources in manner
FIT: dict[str, Any] = {"solver": "mu", "beta_loss": "kullback-leibler", "max_iter": 400}

Anchors = list[Array]  # of each source the places of its windows, (anchors, 2)
# (batch, channels, frames) -> (batch, parts, channels, frames)
Regress = Callable[[Tensor], Tensor]
# (batch, channels, frames) -> (batch, bands, frames of any one rate): what latents sound like, as
# roots of magnitudes, whose squares add over sources
Listen = Callable[[Tensor], Tensor]


class AnchorSettings(Protocol):
    """params.train.anchors, or anything with its values."""

    @property
    def share(self) -> float:
        """Of all windows, for each source."""

    @property
    def n_frames(self) -> int:
        """Of a window."""

    @property
    def gain_db(self) -> float:
        """Levels of a remix: up to this much louder or softer."""

    @property
    def speed_octaves(self) -> float:
        """Speeds of a remix in training: up to this much higher and faster, or the other way."""

    @property
    def equaliser_db(self) -> float:
        """Tones of a remix in training: bands are up to this much louder or softer."""


class AnchorError(ValueError):
    """A store in which no anchors can be found."""


@dataclass(frozen=True)
class Windows:
    """Windows side by side in the excerpts of a store.

    places: (windows, 2), excerpt and first frame; statistics: (windows, statistics), sum 1 each.
    """

    places: Array
    statistics: Array


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
    return Windows(np.array(places)[loud], balanced[loud] / total[loud, None])


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


def hear_presences(
    path: Path, n_frames: int, level: float, regress: Regress
) -> tuple[Array, Array]:
    """Places (windows, 2) of a store's windows but the quietest, and presences (windows, parts)

    as a model hears them: its parts' shares of the power of the mixture. level: the RMS of the
    latents that the model was trained on, averaged over channels. Raises AnchorError when no window
    has any sound in it.
    """
    store = LatentStore(path)
    gain = level / max(float(np.mean(store.meta.rms)), 1e-6) if store.meta.homogeneous else 1.0
    places, powers = [], []
    n_windows = len(store) * (store.meta.n_frames // n_frames)
    numbers = range(0, len(store), n_windows // MAX_READ + 1)
    for index in tqdm(numbers, "listening for anchors", unit="excerpt"):
        mixture = store.mixture(index)
        parts = regress(torch.from_numpy(gain * mixture)[None])[0].cpu().numpy()
        heard = np.square(_additive(store, parts))
        heard *= np.square(_additive(store, mixture)) / heard.sum(axis=0).clip(1e-12)
        for start in range(0, store.meta.n_frames - n_frames + 1, n_frames):
            places.append((index, start))
            powers.append(heard[..., start : start + n_frames].sum(axis=(1, 2)))
    table = np.array(powers, dtype=np.float64)
    if not table.any():
        raise AnchorError(f"{path} has no window of {n_frames} frames with any sound in it")
    total = table.sum(axis=1)
    loud = total > QUIET * total.mean()
    return np.array(places)[loud], table[loud] / total[loud, None]


def find_anchors(places: Array, presences: Array, share: float) -> Anchors:
    """For each source the share of the places (windows, 2) that it has most alone.

    A single source has them all.
    """
    if presences.shape[1] == 1:
        return [places]
    n_anchors = max(1, round(share * len(presences)))
    return [places[np.argsort(-alone, kind="stable")[:n_anchors]] for alone in presences.T]


def _additive(store: LatentStore, latents: Array) -> Array:
    """Latents (..., channels, frames) as what adds over sources as waveforms do."""
    exponent = store.meta.exponent
    if exponent == 1:
        return latents - rest_of(store)
    added: Array = latents.clip(min=0) ** exponent
    return added


def rest_of(store: LatentStore) -> Array:
    """What latents are without sound, (channels, 1): 0 if homogeneous, else about their mean."""
    mean = np.array(store.meta.mean, dtype=np.float32)[:, None]
    return np.zeros_like(mean) if store.meta.homogeneous else mean


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


def find_by_statistics(
    stores: Sequence[Path], n_sources: int, settings: AnchorSettings, seed: int, listen: Listen
) -> list[Anchors]:
    """Of each store the anchors, by the profiles of the first, which is that of training."""
    windows = [read_windows(path, settings.n_frames, listen) for path in stores]
    profiles = fit_profiles(windows[0], n_sources, seed)
    return [find_anchors(w.places, find_presences(w, profiles), settings.share) for w in windows]


def find_by_ear(
    stores: Sequence[Path], level: float, regress: Regress, settings: AnchorSettings
) -> list[Anchors]:
    """Of each store the anchors that a model hears; arguments as for `hear_presences`."""
    heard = [hear_presences(path, settings.n_frames, level, regress) for path in stores]
    return [find_anchors(*places_and_presences, settings.share) for places_and_presences in heard]
