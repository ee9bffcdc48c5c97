"""Remixes of two sources that play by turns."""

import numpy as np
import pytest
import torch

from dirac.data.datasets import MixtureDataset
from dirac.data.remixes import RemixDataset, likeness, scaled
from dirac.data.store import LatentStore

from . import stores
from .turns import FLICKERING, N_CHANNELS, STEADY, WINDOW, settings, write_store


def test_a_gain_acts_on_what_differs_from_silence(tmp_path):
    mixtures = 3 + np.random.default_rng(0).standard_normal((2, N_CHANNELS, 8))
    for homogeneous, silence in ((True, 0), (False, mixtures.mean(axis=(0, 2))[:, None])):
        path = tmp_path / f"{homogeneous}.lmdb"
        store = LatentStore(stores.write_mixtures(path, mixtures, 1.0, homogeneous=homogeneous))
        louder = scaled(store, store.mixture(0), 2.0).numpy()
        np.testing.assert_allclose(louder - silence, 2 * (mixtures[0] - silence), atol=1e-5)


def test_a_remix_holds_a_mixture_and_scaled_anchors(tmp_path, presence):
    mixtures = MixtureDataset(write_store(tmp_path / "a.lmdb", presence), 12)
    places = [np.array([[3, 8]]), np.array([[5, 16]])]
    remix = RemixDataset(mixtures, places, settings(), 1.0, varied=False)
    item = remix[7, 0.25]
    assert item.shape == (3, N_CHANNELS, 12)
    assert torch.equal(item[0], mixtures[7, 0.25])
    for collage, ((index, start),) in zip(item[1:], places, strict=True):
        window = torch.from_numpy(mixtures.store.mixture(index, start, WINDOW))
        ratio = (collage[:, :WINDOW] / window)[window > 0]
        assert torch.allclose(ratio, ratio[0].expand_as(ratio))
        # Magnitudes, the squares of these latents, change by at most 6 dB.
        assert abs(20 * torch.log10(ratio[0] ** 2)) <= 6.0
        assert torch.equal(collage[:, WINDOW:], collage[:, :4])


def test_a_remix_is_decided_by_its_key(tmp_path, presence):
    mixtures = MixtureDataset(write_store(tmp_path / "a.lmdb", presence), 12)
    places = [np.argwhere(presence == one) * [1, WINDOW] for one in (STEADY, FLICKERING)]
    remix = RemixDataset(mixtures, places, settings(), 1.0, varied=False)
    assert torch.equal(remix[7, 0.25], remix[7, 0.25])
    assert not torch.equal(remix[7, 0.25][1:], remix[7, 0.26][1:])


def test_parts_that_go_together_are_remixed(tmp_path, presence):
    path = write_store(tmp_path / "a.lmdb", presence)
    mixtures = MixtureDataset(path, WINDOW)
    flickering, steady = (np.argwhere(presence == one) for one in (FLICKERING, STEADY))
    one, others = flickering[:1] * [1, WINDOW], np.array([flickering[1], steady[0]]) * [1, WINDOW]

    def how_often_alike(n_alike: int) -> float:
        alike = settings(n_alike=n_alike, gain_db=0.0)
        remix = RemixDataset(mixtures, [one, others], alike, 1.0, varied=False)
        drawn = [remix[0, position][2] for position in np.linspace(0, 0.9, 50)]
        return float(np.mean([latents.std(dim=1).max() > 0.1 for latents in drawn]))

    assert how_often_alike(1) < 0.75 < 0.85 < how_often_alike(64)


def test_likeness_is_the_cosine_of_what_changes():
    steady, stroke = np.ones((2, 4)), np.array([[0.0, 0, 1, 0], [0, 0, 0, 0]])
    assert likeness(stroke, 3 * stroke + steady) == pytest.approx(1)
    assert likeness(stroke, 1 - stroke) == pytest.approx(-1)
    assert likeness(stroke, stroke[::-1]) == likeness(stroke, steady) == 0


def test_a_varied_remix_has_another_speed_and_tone(tmp_path, presence):
    mixtures = MixtureDataset(write_store(tmp_path / "a.lmdb", presence), 12)
    places = [np.argwhere(presence == STEADY)[:1] * [1, WINDOW]]
    vary = settings(speed_octaves=0.5, equaliser_db=6.0)
    plain, varied = (
        RemixDataset(mixtures, places, vary, 1.0, varied=varied) for varied in (False, True)
    )
    assert torch.equal(varied[7, 0.25], varied[7, 0.25])
    assert torch.equal(varied[7, 0.25][0], plain[7, 0.25][0])
    for remix in (plain, varied):
        shapes = [remix[index, 0.5][1] / remix[index, 0.5][1].mean() for index in range(9)]
        alike = [torch.allclose(shape, shapes[0], atol=0.1) for shape in shapes]
        assert all(alike) == (remix is plain)  # but for the level
