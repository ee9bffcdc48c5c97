"""What the supervised twin sees in place of anchors: true stems. Nothing else trains on stems.

The twin is an upper comparator, for what the same network can do; it is never the default.
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.datasets import MixtureDataset
from dirac.data.remixes import scaled


class StemDataset(Dataset[Tensor]):
    """A crop of a mixture, then of each source a crop of a random excerpt, at random levels.

    As `RemixDataset`, but for where the sources come from: stores hold them at their own level, to
    which `level` is relative. Levels are changed by up to `gain_db` more or less. Item
    (index, position): (1 + sources, channels, frames), decided by the key alone.
    """

    def __init__(self, path: Path, n_frames: int, gain_db: float, level: float) -> None:
        self.mixtures = MixtureDataset(path, n_frames)
        self.gain_db = gain_db
        self.level = level

    def __len__(self) -> int:
        return len(self.mixtures)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> float32 (1 + sources, channels, frames)."""
        index, position = key
        random = np.random.default_rng((index, int(position * 2**53)))
        names = self.mixtures.store.meta.sources
        return torch.stack([self.mixtures[key], *(self._crop(name, random) for name in names)])

    def _crop(self, name: str, random: np.random.Generator) -> Tensor:
        store, n_frames = self.mixtures.store, self.mixtures.n_frames
        index = int(random.integers(len(store)))
        start = int(random.integers(store.meta.n_frames - n_frames + 1))
        gain = self.level * 10 ** (random.uniform(-self.gain_db, self.gain_db) / 20)
        return scaled(store, store.source(index, name, start, n_frames), gain)
