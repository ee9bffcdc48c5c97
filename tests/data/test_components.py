import itertools

import numpy as np
import pytest
import torch

from dirac.data.components import (
    BATCH,
    ComponentDataset,
    OneComponent,
    encode_store,
    far_apart,
    read_components,
)

from . import stores

N_EXCERPTS = BATCH + 3  # more than a batch


@pytest.fixture
def mixtures() -> np.ndarray:
    return np.random.default_rng(0).random((N_EXCERPTS, 4, 10), dtype=np.float32)


@pytest.mark.parametrize("n", [1, 2, 35, 64, 1000])
def test_neighbours_lie_far_apart(n):
    order = far_apart(n)
    assert sorted(order) == list(range(n))
    near = [abs(a - b) for a, b in itertools.pairwise(order)]
    assert min(near, default=n) >= int(n**0.5)


def test_every_mixture_is_encoded_once_and_far_apart(tmp_path, mixtures):
    path = stores.write_mixtures(tmp_path / "train.lmdb", mixtures, 1.0)
    target = tmp_path / "train.npy"
    for factor in (2, 3):  # the second finds them there
        encode_store(
            path,
            lambda latents, by=factor: by * latents.unflatten(1, (2, 2))[:, None],
            torch.device("cpu"),
            target,
        )
    components = read_components(target)
    assert components.shape == (N_EXCERPTS, 1, 2, 2, 10)
    expected = 2 * torch.from_numpy(mixtures)[far_apart(N_EXCERPTS)]
    assert torch.equal(components.flatten(1, 3), expected)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["train.lmdb", "train.npy"]


@pytest.mark.parametrize(
    ("n_bytes", "n_again"), [(None, 2), (-1, 3), (130, 4), (128, 4), (5, 4), (0, 4)]
)
def test_a_killed_call_goes_on_after_its_last_whole_batch(tmp_path, n_bytes, n_again):
    """Of four batches two are written; of these n_bytes are left, or so many are lost.

    The head has 128.
    """
    mixtures = np.random.default_rng(0).random((3 * BATCH + 1, 4, 10), dtype=np.float32)
    path = stores.write_mixtures(tmp_path / "train.lmdb", mixtures, 1.0)
    target, encoded = tmp_path / "train.npy", []

    def encode(latents: torch.Tensor) -> torch.Tensor:
        if len(encoded) == 2:
            raise KeyboardInterrupt
        encoded.append(latents)
        return latents.unflatten(1, (2, 2))

    with pytest.raises(KeyboardInterrupt):
        encode_store(path, encode, torch.device("cpu"), target)
    partial = tmp_path / "train.partial"
    partial.write_bytes(partial.read_bytes()[:n_bytes])
    encoded = [torch.empty(0)] * 3  # the third is over
    encode_store(path, encode, torch.device("cpu"), target)
    assert len(encoded) == 3 + n_again
    whole = mixtures[far_apart(len(mixtures))].reshape(-1, 2, 2, 10)
    np.save(tmp_path / "whole.npy", whole)
    assert target.read_bytes() == (tmp_path / "whole.npy").read_bytes()


def test_a_crop_is_where_it_was_asked_for():
    components = torch.arange(20.0).reshape(1, 2, 1, 10)
    dataset = ComponentDataset(components, 4)
    assert len(dataset) == 1
    assert dataset[0, 0.0].tolist() == [[[0, 1, 2, 3]], [[10, 11, 12, 13]]]
    assert dataset[0, 0.9999].tolist() == [[[6, 7, 8, 9]], [[16, 17, 18, 19]]]


def test_crops_longer_than_the_excerpts_are_refused():
    with pytest.raises(ValueError, match="11 frames do not fit into components of 10 frames"):
        ComponentDataset(torch.zeros(1, 2, 1, 10), 11)


def test_a_mixture_may_be_its_only_component(tmp_path, mixtures):
    dataset = OneComponent(stores.write_mixtures(tmp_path / "train.lmdb", mixtures, 1.0), 4)
    assert len(dataset) == N_EXCERPTS
    assert torch.equal(dataset[1, 0.5], torch.from_numpy(mixtures[1, None, None, :, 3:7]))
