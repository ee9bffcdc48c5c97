"""Batches: every example once an epoch, the same whatever the processes and wherever one begins."""

from itertools import chain, islice

import pytest
import torch
from torch import Tensor

from dirac.training.batches import BatchKeys, Key, derive_seed, loader, validation_batches

CPU = torch.device("cpu")


class Numbers:
    """Its example is its key."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, key: Key) -> Tensor:
        return torch.tensor(key, dtype=torch.float64)


@pytest.mark.parametrize("n_examples", [1, 3, 8, 13])
def test_every_epoch_holds_every_example_once(n_examples: int) -> None:
    walk = BatchKeys(n_examples, 4, seed=1, rank=0, world_size=1)
    batches = list(islice(walk, 3 * n_examples))
    indices = [index for batch in batches for index, _ in batch]
    epochs = [indices[k : k + n_examples] for k in range(0, len(indices), n_examples)]
    assert len(epochs) == 12
    assert all(sorted(epoch) == list(range(n_examples)) for epoch in epochs)


def test_epochs_and_seeds_are_shuffled_differently() -> None:
    first = BatchKeys(100, 100, seed=0, rank=0, world_size=1)
    other = BatchKeys(100, 100, seed=1, rank=0, world_size=1)
    orders = [[i for i, _ in keys] for keys in (*islice(first, 2), next(iter(other)))]
    assert orders[0] != orders[1]
    assert orders[0] != orders[2]


def test_crops_are_uniform_in_the_unit_interval() -> None:
    walk = BatchKeys(7, 64, seed=0, rank=0, world_size=1)
    crops = torch.tensor([crop for keys in islice(walk, 200) for _, crop in keys])
    assert crops.min() >= 0
    assert crops.max() < 1
    # mean of 12800 uniform draws: 1/2 within five standard errors
    assert abs(float(crops.mean()) - 0.5) < 5 * (1 / 12 / len(crops)) ** 0.5


def test_started_later_is_the_same_walk() -> None:
    walk = BatchKeys(10, 4, seed=3, rank=0, world_size=1)
    whole = list(islice(walk, 12))
    assert list(islice(walk.starting_at(5), 7)) == whole[5:]
    assert list(islice(walk, 12)) == whole


@pytest.mark.parametrize("world_size", [2, 3, 8])
def test_ranks_share_the_global_batch(world_size: int) -> None:
    whole = list(islice(BatchKeys(10, 8, seed=3, rank=0, world_size=1), 6))
    shares = [
        list(islice(BatchKeys(10, 8, seed=3, rank=rank, world_size=world_size), 6))
        for rank in range(world_size)
    ]
    for step in range(6):
        for rank, share in enumerate(shares):
            assert share[step] == whole[step][rank::world_size]


def test_refuses_what_cannot_be_shared() -> None:
    with pytest.raises(ValueError, match="batch of 8 cannot be shared by 9 processes"):
        BatchKeys(10, 8, seed=0, rank=0, world_size=9)
    with pytest.raises(ValueError, match="training set is empty"):
        BatchKeys(0, 8, seed=0, rank=0, world_size=1)


def test_validation_batches_hold_everything_once_and_never_change() -> None:
    batches = validation_batches(10, 4, seed=2)
    assert [len(batch) for batch in batches] == [4, 4, 2]
    assert [index for batch in batches for index, _ in batch] == list(range(10))
    assert batches == validation_batches(10, 4, seed=2)
    # a crop does not depend on the batch size
    assert list(chain(*batches)) == list(chain(*validation_batches(10, 3, seed=2)))


@pytest.mark.parametrize("n_workers", [0, 2])
def test_loader_keeps_the_order(n_workers: int) -> None:
    walk = BatchKeys(10, 4, seed=3, rank=0, world_size=1)
    loaded = [batch for _, batch in zip(range(5), loader(Numbers(10), walk, n_workers, CPU))]  # noqa: B905
    assert [[tuple(key) for key in batch.tolist()] for batch in loaded] == list(islice(walk, 5))


def test_derived_seeds_are_distinct_and_fixed() -> None:
    seeds = {derive_seed(a, b, c) for a in range(4) for b in range(20) for c in range(4)}
    assert len(seeds) == 4 * 20 * 4
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert derive_seed(1, 2) == derive_seed(1, 2)
