"""Remixes of anchors and of stems, in latents and in waveforms."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from dirac.audio.spectrogram import Spectrogram
from dirac.data.datasets import MixtureDataset
from dirac.data.remixes import AnchorPool, RemixDataset, scaled
from dirac.data.stems import stem_dataset
from dirac.data.store import LatentStore

from . import stores

WINDOW, N_FRAMES, HOP, RATE = 8, 12, 320, 24_000
CODEC = Spectrogram(**stores.SPECTROGRAM)


def settings(**other: float) -> SimpleNamespace:
    plain = {"n_frames": WINDOW, "gain_db": 6.0, "speed_octaves": 0.0, "equaliser_db": 0.0}
    return SimpleNamespace(**plain | other)


def pools(*places: tuple[int, int]) -> list[AnchorPool]:
    """Of one anchor each: excerpt and first frame."""
    return [AnchorPool(np.array([place]), WINDOW) for place in places]


def encode(waveforms: np.ndarray) -> np.ndarray:
    latents: np.ndarray = CODEC.encode(torch.from_numpy(waveforms)[:, None]).numpy()
    return latents


@pytest.fixture
def waveforms() -> np.ndarray:
    """A mixture and two sources of three excerpts, (3, 3, time): noise, halves of whose sum it is.

    The sources of the last cancel.
    """
    random = np.random.default_rng(0)
    sources = 0.1 * random.standard_normal((3, 2, 40 * HOP)).astype(np.float32)
    sources[2, 1] = -sources[2, 0]
    return np.concatenate([sources.mean(1, keepdims=True), sources], axis=1)


@pytest.fixture
def path(tmp_path: Path, waveforms: np.ndarray) -> Path:
    latents = [encode(part) for part in waveforms.swapaxes(0, 1)]
    sources = {"drums": latents[1], "bass": latents[2]}
    return stores.write_mixtures(tmp_path / "a.lmdb", latents[0], 2.0, sources, waveforms=waveforms)


def remixes(path: Path, places: list[AnchorPool], level: float = 1.0, **other: float):
    chosen = settings(**other)
    return RemixDataset(MixtureDataset(path, N_FRAMES), places, chosen, level, varied=True)


def test_sounds_are_remixed_and_encoded_then(path: Path, waveforms: np.ndarray) -> None:
    data = remixes(path, pools((0, 8), (1, 16)), level=2.0, gain_db=0.0)
    crop, first, second, remix = data[2, 0.25]
    assert torch.equal(crop, data.mixtures[2, 0.25])
    heard = [2 * waveforms[0, 0], 2 * waveforms[1, 0]]
    for row, samples, start in ((first, heard[0], 8), (second, heard[1], 16)):
        expected = torch.from_numpy(encode(samples[None])[0][:, start : start + WINDOW])
        torch.testing.assert_close(row[:, :WINDOW], expected, rtol=2e-3, atol=2e-3)
        assert torch.equal(row[:, WINDOW:], row[:, : N_FRAMES - WINDOW])
    mixed = (heard[0] + np.roll(heard[1], -8 * HOP)) / 2
    expected = torch.from_numpy(encode(mixed[None])[0][:, 8 : 8 + WINDOW])
    torch.testing.assert_close(remix[:, :WINDOW], expected, rtol=2e-3, atol=2e-3)


def test_opposite_sounds_cancel(tmp_path: Path, waveforms: np.ndarray) -> None:
    opposite = np.concatenate([waveforms[:1, :1], -waveforms[:1, :1]])
    latents = encode(opposite[:, 0])
    path = stores.write_mixtures(tmp_path / "b.lmdb", latents, 2.0, waveforms=opposite)
    _, first, second, remix = remixes(path, pools((0, 8), (1, 8)), gain_db=0.0)[0, 0.5]
    torch.testing.assert_close(first, second)
    assert first.mean() > 0.05
    assert remix.max() == 0


def test_levels_are_drawn_and_the_key_decides(path: Path) -> None:
    data = remixes(path, pools((0, 8), (1, 16)))
    assert torch.equal(data[2, 0.25], data[2, 0.25])
    assert not torch.equal(data[2, 0.25][1:], data[2, 0.26][1:])
    gains = torch.stack([data[0, k / 50][1].square().mean() for k in range(50)])
    decibels = 20 * (gains / gains.mean()).log10()
    assert 8 < decibels.max() - decibels.min() <= 12


def test_a_varied_remix_has_another_speed_and_tone(path: Path) -> None:
    vary = {"speed_octaves": 0.5, "equaliser_db": 6.0, "gain_db": 0.0}
    plain, varied = (remixes(path, pools((0, 8)), **other) for other in ({"gain_db": 0.0}, vary))
    assert torch.equal(varied[1, 0.25], varied[1, 0.25])
    assert torch.equal(plain[0, 0.5][1], plain[1, 0.7][1])
    assert not torch.allclose(varied[0, 0.5][1], varied[1, 0.7][1], atol=0.05)
    assert varied[0, 0.5].shape == plain[0, 0.5].shape == (3, 128, N_FRAMES)


def test_latents_that_add_are_remixed_as_they_are(tmp_path: Path) -> None:
    latents = np.random.default_rng(0).uniform(1, 2, size=(3, 4, 40)).astype(np.float32)
    path = stores.write_mixtures(tmp_path / "a.lmdb", latents, 1.0)
    item = remixes(path, pools((0, 8), (1, 16)), level=2.0)[2, 0.25]
    assert item.shape == (3, 4, N_FRAMES)
    for row, window in zip(item[1:], (latents[0, :, 8:16], latents[1, :, 16:24]), strict=True):
        ratio = row[:, :WINDOW].numpy() / window
        np.testing.assert_allclose(ratio, ratio.mean(), rtol=1e-5)
        assert abs(20 * np.log10(ratio.mean() / 2)) <= 6.0


def test_a_gain_acts_on_what_differs_from_silence(tmp_path: Path) -> None:
    mixtures = 3 + np.random.default_rng(0).standard_normal((2, 12, 8))
    for homogeneous, silence in ((True, 0), (False, mixtures.mean(axis=(0, 2))[:, None])):
        path = tmp_path / f"{homogeneous}.lmdb"
        store = LatentStore(stores.write_mixtures(path, mixtures, 1.0, homogeneous=homogeneous))
        louder = scaled(store, store.mixture(0), 2.0).numpy()
        np.testing.assert_allclose(louder - silence, 2 * (mixtures[0] - silence), atol=1e-5)


@pytest.mark.parametrize("level", [1.0, 2.0])
def test_stems_remix_to_a_mixture_as_loud_as_mixtures_are(
    path: Path, waveforms: np.ndarray, level: float
) -> None:
    """level: 2 where a mixture is the mean of two parts, 1 where it is their sum."""
    data = stem_dataset(path, N_FRAMES, settings(gain_db=0.0), level)
    crop, first, second, remix = data[0, 0.5]
    for row, part in ((first, 1), (second, 2)):
        heard = encode(waveforms[:, part] * level / 2)
        candidates = [x[:, s : s + N_FRAMES] for x in heard for s in range(29)]
        assert min(np.abs(row.numpy() - other).max() for other in candidates) < 5e-3
    assert remix.square().mean() == pytest.approx(float(crop.square().mean()), rel=0.2)
