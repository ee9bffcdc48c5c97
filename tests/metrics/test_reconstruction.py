import math

import pytest
import torch

from dirac.metrics.reconstruction import WINDOWS, latent_mse, multiscale_stft


def test_latent_mse_is_the_mean_square() -> None:
    latents = torch.randn(2, 3, 5)
    assert latent_mse(latents + 0.5, latents) == pytest.approx(0.25, rel=1e-5)
    with pytest.raises(ValueError, match="shapes differ"):
        latent_mse(latents[:1], latents)


def test_multiscale_stft_of_a_gain_is_known_in_closed_form() -> None:
    """|g S| against |S|: (g - 1)^2 of the energy and |log g| everywhere, at each of six scales."""
    waveform = torch.randn(2, 1, 8000, generator=torch.Generator().manual_seed(0))
    distances = multiscale_stft(1.5 * waveform, waveform)
    assert distances.shape == (2, 1)
    expected = len(WINDOWS) * (0.5**2 + math.log(1.5))
    torch.testing.assert_close(distances, torch.full((2, 1), expected), rtol=1e-4, atol=0)
    torch.testing.assert_close(multiscale_stft(waveform, waveform), torch.zeros(2, 1))


def test_multiscale_stft_grows_with_noise_and_ignores_sign() -> None:
    generator = torch.Generator().manual_seed(0)
    waveform, noise = torch.randn(2, 4000, generator=generator)
    near, far = (multiscale_stft(waveform + g * noise, waveform) for g in (0.1, 1.0))
    assert near < far
    assert multiscale_stft(-waveform, waveform) < 1e-6
