"""Anchors: windows of mixtures in which little else than one source sounds, found without stems.

Instruments enter and leave. In a window, how much latents change along time and along frequency
is about a sum over the sources: a profile times a presence (what is struck stands upright in a
spectrogram, what is held lies). Nonnegative matrix factorisation of these statistics finds both;
the windows in which one source's presence exceeds all others' most are its anchors. So what tells
sources apart is that they are not always there together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.datasets import MixtureDataset
from dirac.data.store import LatentStore

Array = np.ndarray[Any, np.dtype[Any]]
MAX_READ = 1_000_000  # windows, evenly spread: anchors enough, and memory stays the same
MAX_FITTED = 20_000  # windows; more of them change no profile
QUIET = 0.05  # of the mean power: below it a window says nothing
N_BANDS = 16  # in which changes are gathered: timbres differ in detail, sources in manner
FIT: dict[str, Any] = {"solver": "mu", "beta_loss": "kullback-leibler", "max_iter": 400}


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


class AnchorError(ValueError):
    """A store in which no anchors can be found."""


@dataclass(frozen=True)
class Windows:
    """Windows side by side in the excerpts of a store.

    places: (windows, 2), excerpt and first frame; statistics: (windows, statistics), sum 1 each.
    """

    places: Array
    statistics: Array


def read_windows(path: Path, n_frames: int) -> Windows:
    """The windows of a store's mixtures, but for the quietest.

    Raises AnchorError when no window has any sound in it.
    """
    store = LatentStore(path)
    measure = _power_and_change if store.meta.exponent == 1 else _changes
    places, statistics = [], []
    n_windows = len(store) * (store.meta.n_frames // n_frames)
    for index in range(0, len(store), n_windows // MAX_READ + 1):
        amplitude = _amplitude(store, index)
        for start in range(0, store.meta.n_frames - n_frames + 1, n_frames):
            places.append((index, start))
            statistics.append(measure(amplitude[:, start : start + n_frames]))
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


def find_anchors(windows: Windows, presences: Array, share: float) -> list[Array]:
    """For each source the places, (anchors, 2), of the share of windows that it has most alone.

    A single source has them all.
    """
    if presences.shape[1] == 1:
        return [windows.places]
    n_anchors = max(1, round(share * len(presences)))
    return [windows.places[np.argsort(-alone, kind="stable")[:n_anchors]] for alone in presences.T]


class RemixDataset(Dataset[Tensor]):
    """A crop of a mixture, then for each source as many frames of its anchors, at random levels.

    Levels are `level`, by up to `gain_db` more or less. Item (index, position): (1 + sources,
    channels, frames), decided by the key alone.
    """

    def __init__(
        self,
        mixtures: MixtureDataset,
        anchors: Sequence[Array],
        n_frames: int,
        gain_db: float,
        level: float,
    ) -> None:
        self.mixtures = mixtures
        self.anchors = anchors
        self.n_frames = n_frames
        self.gain_db = gain_db
        self.level = level

    def __len__(self) -> int:
        return len(self.mixtures)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> float32 (1 + sources, channels, frames)."""
        index, position = key
        random = np.random.default_rng((index, int(position * 2**53)))
        return torch.stack(
            [self.mixtures[key], *(self._collage(places, random) for places in self.anchors)]
        )

    def _collage(self, places: Array, random: np.random.Generator) -> Tensor:
        """Anchors one after the other until they fill a crop, at one random level."""
        store, n_frames = self.mixtures.store, self.mixtures.n_frames
        drawn = places[random.integers(len(places), size=-(-n_frames // self.n_frames))]
        pieces = [store.mixture(int(index), int(start), self.n_frames) for index, start in drawn]
        collage = np.concatenate(pieces, axis=1)[:, :n_frames]
        gain = self.level * 10 ** (random.uniform(-self.gain_db, self.gain_db) / 20)
        return scaled(store, collage, gain)


def scaled(store: LatentStore, latents: Array, gain: float) -> Tensor:
    """Latents (channels, frames) of the store's codec, of a sound `gain` times as loud."""
    rest = _rest(store)
    return torch.from_numpy(rest + (latents - rest) * np.float32(gain ** (1 / store.meta.exponent)))


def _amplitude(store: LatentStore, index: int) -> Array:
    """Latents whose squares add over sources: (channels, frames)."""
    latents, exponent = store.mixture(index), store.meta.exponent
    amplitude: Array = latents - _rest(store) if exponent == 1 else latents ** (exponent / 2)
    return amplitude


def _rest(store: LatentStore) -> Array:
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


def _power_and_change(amplitude: Array) -> Array:
    """Of latents whose channels have no order, (channels, frames) -> (2 channels,)."""
    change = np.diff(amplitude, axis=1)
    return np.concatenate([np.square(amplitude).mean(axis=1), np.square(change).mean(axis=1)])


def remix_datasets(
    train: Path,
    validation: Path,
    n_sources: int,
    n_frames: int,
    anchors: AnchorSettings,
    level: float,
    seed: int,
) -> tuple[RemixDataset, RemixDataset]:
    """Training and validation data of `n_frames`, each remixing anchors of its own store.

    The profiles are those of the training store. n_sources 0: mixtures alone, without anchors.
    level: N where a mixture is the mean of N sources (what sounds alone in it had N times that
    level), 1 where it is their sum.
    """
    mixtures = [MixtureDataset(path, n_frames) for path in (train, validation)]
    found: list[list[Array]] = [[], []]
    if n_sources:
        windows = [read_windows(path, anchors.n_frames) for path in (train, validation)]
        profiles = fit_profiles(windows[0], n_sources, seed)
        found = [find_anchors(w, find_presences(w, profiles), anchors.share) for w in windows]
    first, second = (
        RemixDataset(data, places, anchors.n_frames, anchors.gain_db, level)
        for data, places in zip(mixtures, found, strict=True)
    )
    return first, second
