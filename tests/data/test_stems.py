from pathlib import Path

import numpy as np
import pytest
import torch

from dirac.data.stems import StemDataset

from . import stores

LATENTS = np.random.default_rng(0).uniform(1, 2, size=(2, 6, 4, 20)).astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    sources = {"drums": LATENTS[0], "bass": LATENTS[1]}
    return stores.write_mixtures(tmp_path / "a.lmdb", LATENTS.mean(0), 2.0, sources)


def test_an_item_is_a_mixture_and_a_scaled_crop_of_each_source(path: Path) -> None:
    stems = StemDataset(path, 8, gain_db=6.0, level=0.5)
    assert len(stems) == 6
    mixture, *crops = stems[2, 0.5]
    assert torch.equal(mixture, torch.from_numpy(LATENTS.mean(0)[2, :, 6:14]))
    for crop, source in zip(crops, LATENTS, strict=True):
        candidates = [x[:, s : s + 8] for x in source for s in range(13)]
        ratios = [crop.numpy() / x for x in candidates]
        found = min(ratios, key=np.std)
        np.testing.assert_allclose(found, found.mean(), rtol=1e-5)
        # Magnitudes, the squares of these latents, are within 6 dB of half.
        assert abs(20 * np.log10(found.mean() ** 2 / 0.5)) <= 6.0


def test_levels_are_spread_over_all_that_is_allowed(tmp_path: Path) -> None:
    flat = np.ones((6, 4, 20), np.float32)
    sources = {"drums": flat, "bass": flat}
    path = stores.write_mixtures(tmp_path / "flat.lmdb", flat, 2.0, sources)
    stems = StemDataset(path, 8, gain_db=6.0, level=1.0)
    items = torch.stack([stems[index % 6, index / 20][1:] for index in range(20)])
    gains_db = 20 * torch.log10(items[..., 0, 0] ** 2)
    assert gains_db.abs().max() <= 6
    for gains in (*gains_db.mT, gains_db[:, 0] - gains_db[:, 1]):
        assert gains.std() > 2  # 3.5 if all are as likely


def test_the_key_decides(path: Path) -> None:
    stems = StemDataset(path, 8, gain_db=6.0, level=1.0)
    assert torch.equal(stems[2, 0.5], stems[2, 0.5])
    assert not torch.equal(stems[2, 0.5][1:], stems[2, 0.51][1:])
