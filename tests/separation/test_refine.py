import math

import pytest
import torch

from dirac.separation.refine import istft, mask, ratio_masks, stft, wiener

RATE = 8000


def tone(hertz: float, n_samples: int = RATE) -> torch.Tensor:
    return torch.sin(2 * math.pi * hertz * torch.arange(n_samples) / RATE)[None]


def test_stft_and_back_is_the_identity() -> None:
    waveform = torch.randn(2, 3, 5000)
    back = istft(stft(waveform, 512), 512, 5000)
    torch.testing.assert_close(back, waveform, rtol=0, atol=1e-5)


@pytest.mark.parametrize("n_samples", [RATE, 5001, 300])
@pytest.mark.parametrize("power", [0.7, 1.0, 2.0])
def test_estimates_sum_to_the_mixture(n_samples: int, power: float) -> None:
    mixture, parts = torch.randn(2, n_samples), torch.randn(3, 2, n_samples)
    estimates = wiener(mixture, parts, 512, power)
    assert estimates.shape == parts.shape
    torch.testing.assert_close(estimates.sum(0), mixture, rtol=0, atol=1e-5)


def test_tones_that_do_not_overlap_are_separated_whatever_the_gain_of_the_parts() -> None:
    low, high = tone(200), tone(2000)
    parts = torch.stack([low, high])
    estimates = wiener((low + high) / 2, 30.0 * parts, 1024, 2.0)
    inner = slice(1024, -1024)
    torch.testing.assert_close(estimates[..., inner], parts[..., inner] / 2, rtol=0, atol=2e-3)


def test_silent_parts_share_the_mixture_equally_and_very_soft_ones_do_not() -> None:
    mixture = torch.randn(1, 4000)
    equal = wiener(mixture, torch.zeros(4, 1, 4000), 512, 2.0)
    torch.testing.assert_close(equal, (mixture / 4).expand(4, 1, 4000), rtol=0, atol=1e-6)
    soft = torch.stack([mixture, torch.zeros_like(mixture)]) * 1e-25
    torch.testing.assert_close(wiener(mixture, soft, 512, 2.0)[0], mixture, rtol=0, atol=1e-5)


def test_ratio_masks_are_the_ratio_of_powers() -> None:
    masks = ratio_masks(torch.tensor([[3.0], [1.0]]), 2.0)
    torch.testing.assert_close(masks, torch.tensor([[0.9], [0.1]]))


def test_one_mask_serves_all_channels() -> None:
    stereo, mono_parts = torch.randn(2, 4000), torch.randn(3, 1, 4000)
    estimates = wiener(stereo, mono_parts, 512, 2.0)
    assert estimates.shape == (3, 2, 4000)
    masks = ratio_masks(stft(mono_parts, 512).abs(), 2.0)
    torch.testing.assert_close(estimates[:, 1:], mask(stereo[1:], masks, 512))


def test_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="cut or pad"):
        wiener(torch.randn(1, 4000), torch.randn(2, 1, 4001), 512, 2.0)
