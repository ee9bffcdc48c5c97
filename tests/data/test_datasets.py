from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from dirac.data.datasets import MixtureDataset
from dirac.data.store import VERSION, StoreMeta, StoreWriter

from .stores import one_of_each

N_FRAMES = 20


@pytest.fixture
def path(tmp_path) -> Path:
    """Three excerpts; the mixture of excerpt i has the value 100 i + frame, the source -1."""
    path = tmp_path / "train.lmdb"
    writer = StoreWriter(path)
    frames = np.arange(N_FRAMES, dtype=np.float16)
    writer.append(
        [np.stack([np.stack([frames + 100 * i] * 2), -np.ones((2, N_FRAMES))]) for i in range(3)]
    )
    writer.finish(
        StoreMeta(
            version=VERSION,
            data_name="synthetic",
            codec={},
            sample_rate=24_000,
            frame_rate=75.0,
            exponent=2.0,
            homogeneous=True,
            n_channels=2,
            n_frames=N_FRAMES,
            dtype="float64",
            sources=("drums",),
            speeds=(),
            excerpts=one_of_each(3),
            records=np.arange(3),
            dropped={},
            mean=(0.0, 0.0),
            std=(1.0, 1.0),
        )
    )
    return path


def test_a_crop_is_where_it_was_asked_for(path):
    dataset = MixtureDataset(path, 8)
    assert len(dataset) == 3
    for position, start in ((0.0, 0), (0.5, 6), (0.999999, 12)):
        crop = dataset[1, position]
        assert crop.dtype == torch.float64  # as the store keeps it
        assert crop.tolist() == [[100.0 + start + k for k in range(8)]] * 2


def test_positions_spread_over_all_starts_evenly(path):
    dataset = MixtureDataset(path, 17)
    starts = [int(dataset[0, position][0, 0]) for position in np.arange(0, 1, 1 / 64)]
    assert [starts.count(start) for start in range(4)] == [16] * 4


def test_a_whole_excerpt_is_one_crop(path):
    assert MixtureDataset(path, N_FRAMES)[2, 0.7].shape == (2, N_FRAMES)


def test_crops_longer_than_excerpts_are_refused(path):
    with pytest.raises(ValueError, match=r"crops of 21 frames.*20 frames"):
        MixtureDataset(path, 21)


def test_workers_read_the_same_as_the_process_itself(path):
    dataset = MixtureDataset(path, 5)
    places = [(i % 3, i / 10) for i in range(10)]
    here = torch.stack([dataset[place] for place in places])
    for n_workers in (0, 2):
        loader = DataLoader(dataset, 10, sampler=places, num_workers=n_workers)
        (batch,) = loader
        assert torch.equal(batch, here)
