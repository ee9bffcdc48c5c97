"""What the training of a decomposition sees: crops of mixtures, and never a stem."""

from pathlib import Path

import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.errors import DataError
from dirac.data.store import LatentStore


class MixtureDataset(Dataset[Tensor]):
    """Crops of n_frames from the mixtures of a store, asked for by (index, position).

    position in [0, 1) places the crop, from the excerpt's beginning to its end: the sampler draws
    it, so that what is seen at a step depends on the seed alone, not on workers.
    Raises DataError when the excerpts are shorter than a crop.
    """

    def __init__(self, path: Path, n_frames: int) -> None:
        self.store = LatentStore(path)
        self.n_frames = n_frames
        if n_frames > self.store.meta.n_frames:
            raise DataError(
                f"crops of {n_frames} frames do not fit into the {self.store.meta.n_frames} frames "
                f"of an excerpt in {path}: lower n_frames or raise data.duration_seconds"
            )

    def __len__(self) -> int:
        return len(self.store)

    def __getitem__(self, place: tuple[int, float]) -> Tensor:
        """-> (channels, n_frames), in the store's dtype: half as much to copy and to send."""
        index, position = place
        start = int(position * (self.store.meta.n_frames - self.n_frames + 1))
        return torch.from_numpy(self.store.kept(index, start, self.n_frames))
