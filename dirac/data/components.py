"""What priors are trained on: the components of the mixtures of a store, or their latents.

Both come in views, as `MaskedPrior` takes them.
"""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset
from tqdm import tqdm

from dirac.data.datasets import MixtureDataset
from dirac.data.errors import DataError
from dirac.data.store import LatentStore

BATCH = 32  # fixed, so that the components are the same on every machine of a kind


@torch.inference_mode()
def encode_store(
    path: Path, encode: Callable[[Tensor], Tensor], device: torch.device, target: Path
) -> None:
    """Writes the components of all mixtures of a store, float32, to a .npy file; once.

    encode: latents (batch, channels, frames) -> (batch, views, components, component channels,
    frames), on `device`; it gets them in the order `far_apart`, which is that of the file. Memory
    holds one batch of them. Goes on where a killed call stopped.
    """
    if target.exists():
        return
    store, beside = LatentStore(path), target.with_suffix(".partial")
    order = far_apart(len(store))
    with beside.open("ab") as file:
        numbers = range(_n_whole(beside), len(store), BATCH)
        for first in tqdm(numbers, f"components, {path.stem}", unit="batch"):
            mixtures = [store.mixture(number) for number in order[first : first + BATCH]]
            latents = torch.from_numpy(np.stack(mixtures))
            components = encode(latents.to(device)).float().cpu().numpy()
            if first == 0:
                header = np.lib.format.header_data_from_array_1_0(components)
                header["shape"] = (len(store), *components.shape[1:])
                np.lib.format.write_array_header_1_0(file, header)
            file.write(components.tobytes())
    beside.replace(target)


def far_apart(n: int) -> list[int]:
    """The numbers below n in an order in which neighbours lie about its root apart: excerpts of

    other songs, where a song has fewer.
    """
    stride = max(1, math.isqrt(n))
    return [number for first in range(stride) for number in range(first, n, stride)]


def _n_whole(path: Path) -> int:
    """Excerpts in the whole batches of a .npy file that is being written, which is cut after them;

    before its head, which comes with the first batch, where there is none.
    """
    with path.open("r+b") as file:
        try:
            np.lib.format.read_magic(file)
            shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        except ValueError:
            n_batches = 0
        else:
            n_bytes = BATCH * dtype.itemsize * math.prod(shape[1:])
            n_batches = (path.stat().st_size - file.tell()) // n_bytes
        file.truncate(file.tell() + n_batches * n_bytes if n_batches else 0)
        return n_batches * BATCH


def read_components(path: Path) -> Tensor:
    """(excerpts, views, components, component channels, frames), from the file as they are used."""
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
        """-> (views, components, component channels, n_frames)."""
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
        """-> (1, 1, channels, n_frames)."""
        return self.mixtures[key][None, None]
