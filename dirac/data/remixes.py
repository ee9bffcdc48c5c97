"""Remixes: mixtures of which the parts are known, made of anchors, or for the twin of stems.

Sounds add, their magnitudes do not: two of one pitch and opposite phase cancel. So where latents
are magnitudes, waveforms are remixed, and encoded then.
"""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.audio.spectrogram import Spectrogram
from dirac.data.anchors import Anchors, AnchorSettings, rest_of
from dirac.data.augment import equaliser, played
from dirac.data.datasets import MixtureDataset
from dirac.data.presences import Array
from dirac.data.store import LatentStore


class Pool(Protocol):
    """Windows of a store in which a source is heard alone."""

    @property
    def name(self) -> str | None:
        """Of the source whose stems are read; None: mixtures, in which it is alone by itself."""

    @property
    def gain(self) -> float:
        """What makes it as loud as it is in the mixtures."""

    @property
    def n_frames(self) -> int:
        """Of a window."""

    def draw(self, random: np.random.Generator) -> tuple[int, int]:
        """Excerpt and first frame of one."""


class AnchorPool:
    """places: (anchors, 2), excerpts and first frames."""

    name, gain = None, 1.0

    def __init__(self, places: Array, n_frames: int) -> None:
        self.places, self.n_frames = places, n_frames

    def draw(self, random: np.random.Generator) -> tuple[int, int]:
        index, start = self.places[random.integers(len(self.places))]
        return int(index), int(start)


class RemixDataset(Dataset[Tensor]):
    """A crop of a mixture, then the sources of a remix, each at a random level.

    Sources are windows of a pool one after the other. Levels are `level`, the sources in the sum
    that a mixture is, by up to gain_db more or less; speeds and tones vary as `settings` say.
    Item (index, position), decided by the key alone: (rows, channels, frames). Where the store
    keeps waveforms the remix itself comes last; else it is what the sources compose to.
    """

    def __init__(
        self,
        mixtures: MixtureDataset,
        pools: Sequence[Pool],
        settings: AnchorSettings,
        level: float,
        *,
        varied: bool,
    ) -> None:
        self.mixtures, self.pools = mixtures, pools
        self.level, self.gain_db = level, settings.gain_db
        self.speed_octaves = settings.speed_octaves if varied else 0.0
        self.equaliser_db = settings.equaliser_db if varied else 0.0
        meta = mixtures.store.meta
        self.codec = Spectrogram(**meta.codec["spectrogram"]) if meta.n_samples else None

    def __len__(self) -> int:
        return len(self.mixtures)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> float32 (1 + sources, or 2 + sources, channels, frames)."""
        index, position = key
        random = np.random.default_rng((index, int(position * 2**53)))
        crop = self.mixtures[key][None]
        if self.codec is None or not self.pools:
            return torch.cat([crop, *(self._latents(pool, random)[None] for pool in self.pools)])
        spectra = torch.stack([self._spectra(pool, random, self.codec) for pool in self.pools])
        remix = spectra.sum(dim=0, keepdim=True) / self.level
        return torch.cat([crop, self.codec.of_spectra(torch.cat([spectra, remix]))])

    def _latents(self, pool: Pool, random: np.random.Generator) -> Tensor:
        """(channels, frames) of one source."""
        store, n_frames = self.mixtures.store, self.mixtures.n_frames
        gain = self._gain(pool, random)
        drawn = [pool.draw(random) for _ in range(math.ceil(n_frames / pool.n_frames))]
        read = partial(store.source, name=pool.name) if pool.name else store.mixture
        pieces = [read(index, start=start, n_frames=pool.n_frames) for index, start in drawn]
        return scaled(store, np.concatenate(pieces, axis=1)[:, :n_frames], gain)

    def _spectra(self, pool: Pool, random: np.random.Generator, codec: Spectrogram) -> Tensor:
        """Complex (bins, frames) of one source."""
        n_frames, hop, n_fft = self.mixtures.n_frames, codec.hop, codec.n_fft
        gain = self._gain(pool, random)
        speed = 2 ** random.uniform(-self.speed_octaves, self.speed_octaves)
        n_kept = math.floor(pool.n_frames / speed)  # frames of a window, played so fast
        n_samples = (n_kept - 1) * hop + n_fft
        n_read = round(n_samples * speed)
        drawn = [pool.draw(random) for _ in range(math.ceil(n_frames / n_kept))]
        pieces = [
            self.mixtures.store.waveform(
                index, pool.name, start * hop - round(n_fft / 2 * speed), n_read
            )
            for index, start in drawn
        ]
        windows = torch.from_numpy(played(np.stack(pieces), n_samples))
        spectra = torch.cat([*codec.spectra(windows)], dim=-1)[:, :n_frames]
        if self.equaliser_db:
            tone = equaliser(len(spectra), codec.sample_rate / 2, self.equaliser_db, random)
            spectra = spectra * torch.from_numpy(tone)[:, None]
        return gain * spectra

    def _gain(self, pool: Pool, random: np.random.Generator) -> float:
        decibels = random.uniform(-self.gain_db, self.gain_db)
        return float(self.level * pool.gain * 10 ** (decibels / 20))


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
        RemixDataset(
            MixtureDataset(path, n_frames),
            [AnchorPool(places, settings.n_frames) for places in anchors],
            settings,
            level,
            varied=varied,
        )
        for path, anchors, varied in zip(stores, found, (True, False), strict=True)
    )
    return training, validation


def scaled(store: LatentStore, latents: Array, gain: float) -> Tensor:
    """Latents (channels, frames) of the store's codec, of a sound `gain` times as loud."""
    rest = rest_of(store)
    return torch.from_numpy(rest + (latents - rest) * np.float32(gain ** (1 / store.meta.exponent)))
