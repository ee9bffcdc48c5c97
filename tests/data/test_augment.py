import numpy as np
import pytest
import torch

from dirac.audio.spectrogram import SAMPLE_RATE, Spectrogram
from dirac.data.augment import played, randomly_equalised


def test_a_faster_record_is_what_the_codec_hears_of_one() -> None:
    """A sine that fades, and the same at 1.25 times its speed."""
    codec = Spectrogram(power=0.5, n_fft=2048, n_iterations=1)

    def fading(speed: float) -> np.ndarray:
        seconds = speed * torch.arange(SAMPLE_RATE) / SAMPLE_RATE
        wave = torch.sin(2 * np.pi * 2000 * seconds) * torch.exp(-3 * seconds)
        latents: np.ndarray = codec.encode(wave[None, None])[0].numpy()
        return latents

    faster = played(fading(1.0), 1.25, 50, SAMPLE_RATE / 2)
    expected = fading(1.25)[:, :50]
    assert faster.shape == expected.shape
    assert np.array_equal(faster[:, 5:].argmax(axis=0), expected[:, 5:].argmax(axis=0))
    decay = [float(np.log(heard[:, 45].max() / heard[:, 5].max())) for heard in (faster, expected)]
    assert decay[0] == pytest.approx(decay[1], rel=0.02)


def test_the_own_speed_changes_nothing_and_the_end_is_held() -> None:
    latents = np.random.default_rng(0).random((8, 10), np.float32)
    np.testing.assert_allclose(played(latents, 1.0, 10, 12000.0), latents, atol=1e-6)
    np.testing.assert_allclose(played(latents, 1.0, 12, 12000.0)[:, 10:].T, [latents[:, 9]] * 2)


def test_an_equaliser_keeps_its_mean_and_its_bounds() -> None:
    latents = np.ones((16, 3), np.float32)
    drawn = [randomly_equalised(latents, 6.0, 2.0, np.random.default_rng(n)) for n in range(20)]
    decibels = 20 * np.log10(np.stack(drawn) ** 2)
    assert np.abs(decibels).max() <= 12
    assert np.abs(decibels.mean(axis=1)).max() < 1e-4
    assert decibels.std(axis=0).min() > 1
    assert (drawn[0][:, 0] == drawn[0][:, 2]).all()
