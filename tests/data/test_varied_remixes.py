"""Remixes in training at other speeds, in other tones and upside down."""

from pathlib import Path

import numpy as np
import pytest
import torch

from dirac.data.datasets import MixtureDataset
from dirac.data.heard import rest_of
from dirac.data.remixes import RemixDataset

from . import stores
from .remixing import N_CHANNELS, N_FRAMES, PLACES, WINDOW, settings, write_store


@pytest.fixture
def mixtures(tmp_path: Path) -> MixtureDataset:
    return MixtureDataset(write_store(tmp_path / "a.lmdb"), 12)


@pytest.mark.parametrize("what", [{"speed_octaves": 0.5}, {"equaliser_db": 6.0}])
def test_a_varied_remix_has_another_speed_or_tone(
    mixtures: MixtureDataset, what: dict[str, float]
) -> None:
    plain, varied = (
        RemixDataset(mixtures, PLACES[:1], settings(**what), 1.0, varied=varied)
        for varied in (False, True)
    )
    assert torch.equal(varied[7, 0.25], varied[7, 0.25])
    assert torch.equal(varied[7, 0.25][0], plain[7, 0.25][0])
    for remix in (plain, varied):
        shapes = [remix[index, 0.5][1] / remix[index, 0.5][1].mean() for index in range(9)]
        alike = [torch.allclose(shape, shapes[0], atol=0.1) for shape in shapes]
        assert all(alike) == (remix is plain)  # but for the level


def test_half_of_the_sources_are_upside_down(tmp_path: Path) -> None:
    """About silence, each by itself; of validation none."""
    mixtures = MixtureDataset(write_store(tmp_path / "a.lmdb", exponent=1.0), 12)
    upside = settings(inverted=True, gain_db=0.0)
    varied, plain = (RemixDataset(mixtures, PLACES, upside, 1.0, varied=v) for v in (True, False))
    silence = torch.from_numpy(rest_of(mixtures.store))
    signs = []
    for index in range(200):
        item, upright = varied[index % 40, index / 200][1:], plain[index % 40, 0.5][1:]
        sign = ((item - silence) / (upright - silence))[:, :1, :1]
        assert torch.allclose(item - silence, sign.round() * (upright - silence), atol=1e-5)
        signs.append(sign.round().flatten())
    drawn, counts = torch.stack(signs).unique(dim=0, return_counts=True)
    assert drawn.tolist() == [[-1, -1], [-1, 1], [1, -1], [1, 1]]
    np.testing.assert_allclose(counts / 200, 0.25, atol=0.1)


def test_half_of_the_anchors_are_played_at_other_speeds(tmp_path: Path) -> None:
    """Everything of excerpt 3 at its own speed is 1, at twice that 4, at 0.8 times 9."""
    shapes = [(5, N_CHANNELS, n) for n in (N_FRAMES, N_FRAMES // 2, int(N_FRAMES / 0.8))]
    own, faster, slower = map(np.full, shapes, (1, 4, 9))
    path = tmp_path / "a.lmdb"
    stores.write_mixtures(path, own, 2.0, played={2.0: faster, 0.8: slower})
    mixtures, places = MixtureDataset(path, 20), [np.array([[3, N_FRAMES - WINDOW]])]
    flat = settings(gain_db=0.0)
    remix = RemixDataset(mixtures, places, flat, 1.0, speeds=[(2.0, 0.8)], varied=True)
    items = [remix[index % 5, index / 400][1] for index in range(400)]
    assert all((item == item[0, 0]).all() for item in items)  # one speed for all of a source
    values, counts = np.unique([float(item[0, 0]) for item in items], return_counts=True)
    np.testing.assert_array_equal(values, [1, 4, 9])
    np.testing.assert_allclose(counts / 400, [0.5, 0.25, 0.25], atol=0.07)
    plain = RemixDataset(mixtures, places, flat, 1.0, varied=True)
    assert all((plain[index % 5, index / 40][1] == 1).all() for index in range(40))
