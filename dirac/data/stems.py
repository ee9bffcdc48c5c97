"""What the supervised twin sees in place of anchors: true stems. Nothing else trains on stems.

The twin is an upper comparator, for what the same network can do; it is never the default.
"""

from pathlib import Path

import numpy as np

from dirac.data.anchors import AnchorSettings
from dirac.data.datasets import MixtureDataset
from dirac.data.remixes import RemixDataset
from dirac.data.store import LatentStore


class StemPool:
    """Crops of one source of a store, from anywhere."""

    def __init__(self, store: LatentStore, name: str, n_frames: int) -> None:
        self.store, self.name, self.n_frames = store, name, n_frames
        self.gain = 1 / len(store.meta.sources)  # a mixture is the mean of its stems

    def draw(self, random: np.random.Generator) -> tuple[int, int]:
        """Excerpt and first frame of a crop."""
        index = int(random.integers(len(self.store)))
        return index, int(random.integers(self.store.meta.n_frames - self.n_frames + 1))


def stem_dataset(path: Path, n_frames: int, settings: AnchorSettings, level: float) -> RemixDataset:
    """As `remixes.remix_datasets`, but for where the sources come from."""
    mixtures = MixtureDataset(path, n_frames)
    store = mixtures.store
    pools = [StemPool(store, name, n_frames) for name in store.meta.sources]
    return RemixDataset(mixtures, pools, settings, level, varied=False)
