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
        speed = 2 ** random.uniform(-self.speed_octaves, self.speed_octaves)
        n_read = math.ceil(self.mixtures.n_frames * speed)
        drawn = [self._together(random) for _ in range(-(-n_read // self.settings.n_frames))]
        of_sources = zip(*drawn, strict=True)
        collages = [np.concatenate(windows, axis=1)[:, :n_read] for windows in of_sources]
        return torch.stack(
            [self.mixtures[key], *(self._vary(collage, speed, random) for collage in collages)]
        )

    def _together(self, random: np.random.Generator) -> list[Array]:
        """Of each source a window, (channels, frames): of some, the one most like those before.

        Of how many is drawn, so that there are parts that go together, and others.
        """
        chosen: list[Array] = []
        for places in self.anchors:
            most = self.settings.n_alike if chosen else 1
            n_candidates = random.integers(1, most, endpoint=True)
            candidates = [self._draw(places, random) for _ in range(n_candidates)]
            before = np.sum([np.zeros_like(candidates[0]), *chosen], axis=0)
            chosen.append(max(candidates, key=lambda window: likeness(window, before)))
        return chosen

    def _draw(self, places: Array, random: np.random.Generator) -> Array:
        """The latents of one of these windows, (channels, frames)."""
        index, start = places[random.integers(len(places))]
        return self.mixtures.store.mixture(int(index), int(start), self.settings.n_frames)

    def _vary(self, collage: Array, speed: float, random: np.random.Generator) -> Tensor:
        """One source's windows, end to end, at a random level and in a random tone."""
        store, gain_db = self.mixtures.store, self.settings.gain_db
        gain = self.level * 10 ** (random.uniform(-gain_db, gain_db) / 20)
        if self.speed_octaves:
            collage = played(collage, speed, self.mixtures.n_frames, store.meta.sample_rate / 2)
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


def likeness(one: Array, other: Array) -> float:
    """Cosine of what changes with time in two windows (channels, frames).

    Parts of one song are more alike than others: strokes coincide, and so do harmonics.
    """
    changing, others = (window - window.mean(axis=1, keepdims=True) for window in (one, other))
    norms = float(np.linalg.norm(changing) * np.linalg.norm(others))
    return float(np.vdot(changing, others)) / max(norms, 1e-12)
