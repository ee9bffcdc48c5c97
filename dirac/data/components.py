"""What priors are trained on: the components of the mixtures of a store, or their latents."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from dirac.data.datasets import MixtureDataset
from dirac.data.errors import DataError
from dirac.data.store import LatentStore

BATCH = 32  # fixed, so that the components are the same on every machine of a kind


@torch.inference_mode()
def encode_store(
    path: Path, encode: Callable[[Tensor], Tensor], device: torch.device, target: Path
) -> None:
    """Writes the components of all mixtures of a store, float32, to a .npy file; once.

    encode: latents (batch, channels, frames) -> (batch, components, component channels, frames), on
    `device`. Memory holds one batch of them.
    """
    if target.exists():
        return
    store, beside = LatentStore(path), target.with_suffix(".partial")
    written: np.memmap[Any, np.dtype[np.float32]] | None = None
    for first in range(0, len(store), BATCH):
        numbers = range(first, min(first + BATCH, len(store)))
        latents = torch.stack([torch.from_numpy(store.mixture(number)) for number in numbers])
        components = encode(latents.to(device)).float().cpu().numpy()
        if written is None:
            shape = (len(store), *components.shape[1:])
            written = np.lib.format.open_memmap(beside, "w+", np.float32, shape)
        written[first : first + len(numbers)] = components
    if written is not None:
        written.flush()
        beside.replace(target)


def read_components(path: Path) -> Tensor:
    """(excerpts, components, component channels, frames), read from the file as they are used."""
    return torch.from_numpy(np.load(path, mmap_mode="c"))  # torch refuses what is read-only


class ComponentDataset(Dataset[Tensor]):
    """Crops of n_frames of components, by (index, position) as in `MixtureDataset`.

    Raises DataError when the excerpts are shorter than a crop.
    """

    def __init__(self, components: Tensor, n_frames: int) -> None:
        if n_frames > components.shape[-1]:
            raise DataError(
                f"crops of {n_frames} frames do not fit into components of "
                f"{components.shape[-1]} frames: lower prior.n_frames"
            )
        self.components = components
        self.n_frames = n_frames

    def __len__(self) -> int:
        return len(self.components)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> (components, component channels, n_frames)."""
        index, position = key
        start = int(position * (self.components.shape[-1] - self.n_frames + 1))
        return self.components[index, ..., start : start + self.n_frames]


class OneComponent(Dataset[Tensor]):
    """Crops of a store's mixtures as if each had one component, its latents; keyed as they are.

    Raises DataError as `MixtureDataset`.
    """

    def __init__(self, path: Path, n_frames: int) -> None:
        self.mixtures = MixtureDataset(path, n_frames)

    def __len__(self) -> int:
        return len(self.mixtures)

    def __getitem__(self, key: tuple[int, float]) -> Tensor:
        """-> (1, channels, n_frames)."""
        return self.mixtures[key][None]
