"""Which examples a training step sees: endless, seeded, and a pure function of the step.

Every step of the training takes the next `batch_size` positions of an endless walk through the data
set: shuffled epochs, each without replacement, one after the other. The walk knows nothing of how
many processes share a batch or of where a run began, so that a resumed run, or one on more GPUs,
sees the same batches.
"""

import copy
import itertools
from collections.abc import Iterator
from typing import Protocol, cast

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from dirac.command import ignore_signals

Key = tuple[int, float]
"""(index of the example, position in [0, 1) of the crop within it)"""

# First number of every seed, so that no two uses ever draw the same stream.
EPOCH, POSITION, STEP, VALIDATION = range(4)


class BatchError(ValueError):
    """Data, or a batch, that cannot be trained on."""


class KeyedDataset(Protocol):
    """A data set whose random crop is decided by its key alone."""

    def __len__(self) -> int: ...

    def __getitem__(self, key: Key) -> Tensor: ...


def derive_seed(*numbers: int) -> int:
    """A 63-bit seed from non-negative numbers; neighbours give unrelated streams (SeedSequence)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


class BatchKeys(Sampler[list[Key]]):
    """The keys of one rank, step after step, without end.

    batch_size: over all ranks. Rank r of W takes the places r, r + W, r + 2 W ... of a batch.
    Raises BatchError for an empty data set or a batch with fewer examples than ranks.
    """

    def __init__(
        self,
        n_examples: int,
        batch_size: int,
        seed: int,
        rank: int,
        world_size: int,
    ) -> None:
        if n_examples < 1:
            raise BatchError("the training set is empty: there is nothing to train on")
        if batch_size < world_size:
            raise BatchError(
                f"a batch of {batch_size} cannot be shared by {world_size} processes: choose a "
                "larger batch size or fewer processes"
            )
        self.n_examples, self.batch_size, self.seed = n_examples, batch_size, seed
        self.rank, self.world_size = rank, world_size
        self.start_step = 0
        self._order = (-1, np.empty(0, dtype=np.int64))

    def __iter__(self) -> Iterator[list[Key]]:
        for step in itertools.count(self.start_step):
            yield self.global_keys(step)[self.rank :: self.world_size]

    def starting_at(self, step: int) -> "BatchKeys":
        """The same walk, begun at `step`."""
        walk = copy.copy(self)
        walk.start_step = step
        return walk

    def global_keys(self, step: int) -> list[Key]:
        """The keys of the whole batch of `step`, over all ranks."""
        first = step * self.batch_size
        crops = np.random.default_rng((POSITION, self.seed, step)).random(self.batch_size)
        return [(self._index(first + k), float(crop)) for k, crop in enumerate(crops)]

    def _index(self, place: int) -> int:
        epoch, within = divmod(place, self.n_examples)
        if self._order[0] != epoch:
            order = np.random.default_rng((EPOCH, self.seed, epoch)).permutation(self.n_examples)
            self._order = (epoch, order)
        return int(self._order[1][within])


def validation_batches(n_examples: int, batch_size: int, seed: int) -> list[list[Key]]:
    """Every example once, in order, each with the same crop for ever."""
    crops = np.random.default_rng((VALIDATION, seed)).random(n_examples)
    keys = [(index, float(crop)) for index, crop in enumerate(crops)]
    return [keys[first : first + batch_size] for first in range(0, n_examples, batch_size)]


def loader(
    dataset: KeyedDataset,
    batches: Sampler[list[Key]] | list[list[Key]],
    n_workers: int,
    device: torch.device,
) -> DataLoader[Tensor]:
    """Loads the batches in their order, for a device; n_workers 0: read in this process."""
    return DataLoader(
        cast(Dataset[Tensor], dataset),
        batch_sampler=batches,
        num_workers=n_workers,
        pin_memory=device.type == "cuda",
        worker_init_fn=ignore_signals,
    )
