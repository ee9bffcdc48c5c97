"""Chance in training: the same for an example however many processes share its batch."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Draws:
    """Random numbers for a share of a batch: its places rank, rank + world_size, and so on.

    All numbers of the whole batch are drawn, in every process the same, and those of the others
    dropped: cheap beside a network, and nobody needs to be told of anything.
    generator: seeded alike in all processes; None: torch's own, where one process has the batch.
    """

    batch_size: int  # of the whole batch
    rank: int = 0
    world_size: int = 1
    generator: torch.Generator | None = None

    def normal(self, like: Tensor) -> Tensor:
        """Standard normal numbers; like: (batch, ...), this process's share or its beginning."""
        whole = torch.randn(
            self.batch_size,
            *like.shape[1:],
            generator=self.generator,
            device=like.device,
            dtype=like.dtype,
        )
        return whole[self.rank :: self.world_size][: len(like)]

    def uniform(self, like: Tensor, dtype: torch.dtype | None = None) -> Tensor:
        """One number in [0, 1) for each example of like, (batch,)."""
        whole = torch.rand(
            self.batch_size,
            generator=self.generator,
            device=like.device,
            dtype=dtype or like.dtype,
        )
        return whole[self.rank :: self.world_size][: len(like)]

    def first(self, n_places: int) -> int:
        """How many of the batch's first n_places are this process's: its first ones."""
        return len(range(self.rank, n_places, self.world_size))
