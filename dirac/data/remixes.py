"""Remixes of anchors and estimates: mixtures of which the parts are known."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.anchors import Anchors, AnchorSettings
from dirac.data.augment import played, randomly_equalised
from dirac.data.datasets import MixtureDataset
from dirac.data.estimates import Estimates, part_name
from dirac.data.heard import rest_of
from dirac.data.presences import Array
from dirac.data.store import LatentStore, frames_at


class RemixDataset(Dataset[Tensor]):
    """A crop of a mixture, then for each source as many frames of its own, at random levels.

    They are of its anchors, or of its estimates. Levels are `level`, by up to `gain_db` more or
    less; speeds and tones vary as the settings say. speeds: of each source, those of the store at
    one of which half of its anchors are played. Item (index, position): (1 + sources, channels,
    frames), decided by the key alone.
    """

    def __init__(
        self,
        mixtures: MixtureDataset,
        anchors: Sequence[Array],
        settings: AnchorSettings,
        level: float,
        estimates: Estimates | None = None,
        speeds: Sequence[Sequence[float]] | None = None,
        *,
        varied: bool,
    ) -> None:
        self.mixtures = mixtures
        self.anchors = anchors
        self.settings = settings
        self.songs = [songs_of(mixtures.store, a) for a in anchors] if settings.by_song else None
        self.level = level
        self.estimates = estimates
        self.speeds = speeds or [()] * len(anchors)
        self.speed_octaves = settings.speed_octaves if varied else 0.0
        self.equaliser_db = settings.equaliser_db if varied else 0.0

    def __len__(self) -> int:
        return len(self.mixtures)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> (1 + sources, channels, frames), float32, or the store's dtype of mixtures alone."""
        index, position = key
        random = np.random.default_rng((index, int(position * 2**53)))
        numbers = range(len(self.anchors))
        return torch.stack([self.mixtures[key], *(self._source(n, random) for n in numbers)])

    def _source(self, number: int, random: np.random.Generator) -> Tensor:
        """A source by itself, at one random level, speed and tone."""
        store, n_frames = self.mixtures.store, self.mixtures.n_frames
        speed = 2 ** random.uniform(-self.speed_octaves, self.speed_octaves)
        estimates = self.estimates
        if estimates and random.random() < estimates.share:
            longest = store.meta.n_frames  # no stretch of an excerpt is longer
            speed = min(speed, longest / n_frames)
            n_read = min(math.ceil(n_frames * speed), longest)
            heard = _crop(estimates.store, part_name(number), n_read, random)
        else:
            heard = self._collage(number, math.ceil(n_frames * speed), random)
        gain_db = self.settings.gain_db
        gain = self.level * 10 ** (random.uniform(-gain_db, gain_db) / 20)
        if self.speed_octaves:
            heard = played(heard, speed, n_frames, store.meta.sample_rate / 2)
        if self.equaliser_db:
            heard = randomly_equalised(heard, self.equaliser_db, store.meta.exponent, random)
        return scaled(store, heard, gain)

    def _collage(self, number: int, n_frames: int, random: np.random.Generator) -> Array:
        """Anchors of a source one after the other, (channels, n_frames), all at one speed."""
        store, speed = self.mixtures.store, self._speed(number, random)
        window = frames_at(self.settings.n_frames, speed)
        drawn = self._drawn(number, -(-n_frames // window), random)
        places = ((int(index), frames_at(int(start), speed)) for index, start in drawn)
        pieces = [store.mixture(index, start, window, speed) for index, start in places]
        return np.concatenate(pieces, axis=1)[:, :n_frames]

    def _speed(self, number: int, random: np.random.Generator) -> float:
        """Half of the time that of the anchors, else one of a source's `speeds`."""
        speeds = self.speeds[number]
        if not speeds or random.random() < 0.5:
            return 1.0
        return speeds[int(random.integers(len(speeds)))]

    def _drawn(self, number: int, n_drawn: int, random: np.random.Generator) -> Array:
        """Places (n_drawn, 2) of anchors of a source, at random."""
        if self.songs:
            songs = self.songs[number]
            chosen = (songs[song] for song in random.integers(len(songs), size=n_drawn))
            return np.stack([places[random.integers(len(places))] for places in chosen])
        places = self.anchors[number]
        drawn: Array = places[random.integers(len(places), size=n_drawn)]
        return drawn


def songs_of(store: LatentStore, places: Array) -> list[Array]:
    """Places (windows, 2), those of each song together."""
    songs = store.meta.excerpts.tracks[places[:, 0]]
    order = np.argsort(songs, kind="stable")
    return np.split(places[order], np.flatnonzero(np.diff(songs[order])) + 1)


def _crop(store: LatentStore, name: str, n_frames: int, random: np.random.Generator) -> Array:
    """A stretch (channels, n_frames) of a source of an excerpt at random."""
    index = int(random.integers(len(store)))
    start = int(random.integers(store.meta.n_frames - n_frames + 1))
    return store.source(index, name, start, n_frames)


def remix_datasets(
    stores: Sequence[Path],
    found: Sequence[Anchors],
    n_frames: int,
    settings: AnchorSettings,
    level: float,
    estimates: Estimates | None = None,
    speeds: Sequence[Sequence[float]] | None = None,
) -> tuple[RemixDataset, RemixDataset]:
    """Training and validation data of `n_frames`, each remixing the anchors of its own store.

    Validation remixes anchors alone, at their own speeds and tones. level: N where a mixture is
    the mean of N sources (what sounds alone in it had N times that level), 1 where it is their sum.
    speeds: as for `RemixDataset`, of training.
    """
    mixtures = [MixtureDataset(path, n_frames) for path in stores]
    training = RemixDataset(mixtures[0], found[0], settings, level, estimates, speeds, varied=True)
    validation = RemixDataset(mixtures[1], found[1], settings, level, varied=False)
    return training, validation


def scaled(store: LatentStore, latents: Array, gain: float) -> Tensor:
    """Latents (channels, frames) of the store's codec, of a sound `gain` times as loud."""
    rest = rest_of(store)
    return torch.from_numpy(rest + (latents - rest) * np.float32(gain ** (1 / store.meta.exponent)))
