"""Remixes of anchors: mixtures of which the parts are known."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.anchors import Anchors, AnchorSettings, rest_of
from dirac.data.augment import played, randomly_equalised
from dirac.data.datasets import MixtureDataset
from dirac.data.presences import Array
from dirac.data.store import LatentStore


class RemixDataset(Dataset[Tensor]):
    """A crop of a mixture, then for each source as many frames of its anchors, at random levels.

    Levels are `level`, by up to `gain_db` more or less; speeds and tones vary as the settings say.
    Item (index, position): (1 + sources, channels, frames), decided by the key alone.
    """

    def __init__(
        self,
        mixtures: MixtureDataset,
        anchors: Sequence[Array],
        settings: AnchorSettings,
        level: float,
        *,
        varied: bool,
    ) -> None:
        self.mixtures = mixtures
        self.anchors = anchors
        self.settings = settings
        self.level = level
        self.speed_octaves = settings.speed_octaves if varied else 0.0
        self.equaliser_db = settings.equaliser_db if varied else 0.0

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
        window, gain_db = self.settings.n_frames, self.settings.gain_db
        speed = 2 ** random.uniform(-self.speed_octaves, self.speed_octaves)
        n_read = math.ceil(n_frames * speed)
        drawn = places[random.integers(len(places), size=-(-n_read // window))]
        pieces = [store.mixture(int(index), int(start), window) for index, start in drawn]
        collage = np.concatenate(pieces, axis=1)[:, :n_read]
        gain = self.level * 10 ** (random.uniform(-gain_db, gain_db) / 20)
        if self.speed_octaves:
            collage = played(collage, speed, n_frames, store.meta.sample_rate / 2)
        if self.equaliser_db:
            collage = randomly_equalised(collage, self.equaliser_db, store.meta.exponent, random)
        return scaled(store, collage, gain)


def remix_datasets(
    stores: Sequence[Path],
    found: Sequence[Anchors],
    n_frames: int,
    settings: AnchorSettings,
    level: float,
) -> tuple[RemixDataset, RemixDataset]:
    """Training and validation data of `n_frames`, each remixing the anchors of its own store.

    Validation remixes at the anchors' own speeds and tones. level: N where a mixture is the mean of
    N sources (what sounds alone in it had N times that level), 1 where it is their sum.
    """
    training, validation = (
        RemixDataset(MixtureDataset(path, n_frames), anchors, settings, level, varied=varied)
        for path, anchors, varied in zip(stores, found, (True, False), strict=True)
    )
    return training, validation


def scaled(store: LatentStore, latents: Array, gain: float) -> Tensor:
    """Latents (channels, frames) of the store's codec, of a sound `gain` times as loud."""
    rest = rest_of(store)
    return torch.from_numpy(rest + (latents - rest) * np.float32(gain ** (1 / store.meta.exponent)))
