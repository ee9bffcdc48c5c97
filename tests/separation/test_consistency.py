import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dirac.separation.consistency import (
    FLOOR,
    N_BLURRED,
    Refinement,
    consistent_below,
    consistent_estimates,
    repeated_masks,
)
from dirac.separation.refine import istft, mask, ratio_masks, stft

SETTINGS = Refinement(n_neighbours=4, n_context=1, strength=1.0, n_iterations=10, highest_hz=5000)
N_FFT = 512


def random_masks(n_parts: int, n_channels: int, mixture: torch.Tensor) -> torch.Tensor:
    shape = stft(mixture, N_FFT).shape[-2:]
    return ratio_masks(torch.rand(n_parts, n_channels, *shape), 2.0)


@pytest.mark.parametrize(("n_parts", "n_channels"), [(1, 1), (2, 1), (3, 2)])
@pytest.mark.parametrize("n_samples", [5001, 300])
def test_estimates_sum_to_the_mixture(n_parts: int, n_channels: int, n_samples: int) -> None:
    mixture = torch.randn(2, n_samples)
    masks = random_masks(n_parts, n_channels, mixture)
    estimates = consistent_estimates(mixture, masks, masks, N_FFT, SETTINGS)
    assert estimates.shape == (n_parts, 2, n_samples)
    torch.testing.assert_close(estimates.sum(0), mixture, rtol=0, atol=1e-5)


def test_without_iterations_it_is_the_mask() -> None:
    mixture = torch.randn(1, 4000)
    masks = random_masks(2, 1, mixture)
    plain = consistent_estimates(mixture, masks, masks, N_FFT, replace(SETTINGS, n_iterations=0))
    torch.testing.assert_close(plain, mask(mixture, masks, N_FFT))


@pytest.mark.parametrize(("n_parts", "n_channels"), [(2, 2), (3, 1)])
def test_it_finds_the_minimum_that_it_says_to_find(n_parts: int, n_channels: int) -> None:
    """As plain descent does, of all parts in spectra, in very many steps."""
    mixture = torch.randn(2, 3000, dtype=torch.float64)
    masks = random_masks(n_parts, n_channels, mixture).double()
    powers = masks * torch.rand_like(masks)
    filtered = masks * stft(mixture, N_FFT)
    weights = 1 / (1 / (powers / powers.sum(0).mean() + FLOOR) + SETTINGS.strength)
    change = ahead = torch.zeros_like(filtered)
    for step in range(300):
        heard = stft(istft(filtered + ahead, N_FFT, 3000), N_FFT) - filtered
        pulled = SETTINGS.strength * weights * heard
        last, change = change, pulled - weights / weights.sum(0) * pulled.sum(0)
        ahead = change + step / (step + 3) * (change - last)
    expected = istft(filtered + change, N_FFT, 3000)
    start = mask(mixture, masks, N_FFT)
    distances = []
    for n_iterations in (3, 30):
        settings = replace(SETTINGS, n_iterations=n_iterations)
        found = consistent_estimates(mixture, masks, powers, N_FFT, settings)
        distances.append(float((found - expected).norm() / (start - expected).norm()))
    assert distances[0] < 0.2
    assert distances[1] < 1e-4


@pytest.mark.parametrize("factor", [2, 8])
@pytest.mark.parametrize("n_samples", [8000, 8191, 4095, 100, 3])
def test_low_bands_alone_agree_as_all_would(factor: int, n_samples: int) -> None:
    """Of a mixture that has nothing above them, in which masks and powers are whole bands'."""
    white = torch.randn(2, n_samples, generator=torch.Generator().manual_seed(0))
    spectrum = torch.fft.rfft(white)
    spectrum[:, spectrum.shape[-1] // (2 * factor) :] = 0
    mixture = torch.fft.irfft(spectrum, n_samples)
    n_frames = stft(mixture, N_FFT).shape[-1]
    rising = torch.linspace(0, 3, n_frames).sin().square() * torch.ones(1, N_FFT // 2 + 1, 1)
    masks = torch.stack([rising, 1 - rising])
    found = consistent_below(mixture, masks, masks, N_FFT, SETTINGS, factor)
    torch.testing.assert_close(found.sum(0), mixture, rtol=0, atol=1e-5)
    expected = consistent_estimates(mixture, masks, masks, N_FFT, SETTINGS)
    assert (found - expected).norm() <= 0.02 * expected.norm()


@pytest.mark.parametrize("factor", [1, 2, 8])
def test_low_bands_are_steered_where_they_agree(factor: int) -> None:
    mixture = torch.randn(2, 8000, generator=torch.Generator().manual_seed(0))
    masks = random_masks(2, 1, mixture)

    def swap(estimates: Tensor, decimated: Tensor) -> Tensor:
        assert decimated.shape == (2, 8000 // factor)
        torch.testing.assert_close(estimates.sum(0), decimated, rtol=0, atol=1e-5)
        return estimates.flip(0)

    straight, swapped = (
        consistent_below(mixture, masks, masks, N_FFT, SETTINGS, factor, *steer)
        for steer in ((), (swap,))
    )
    torch.testing.assert_close(swapped.sum(0), mixture, rtol=0, atol=1e-5)
    below = slice(N_FFT // (2 * factor) - 2 * N_BLURRED)
    change = stft(swapped - straight.flip(0), N_FFT)[:, :, below]
    assert change.norm() <= 0.1 * stft(straight[0] - straight[1], N_FFT)[:, below].norm()


@pytest.mark.parametrize(
    ("sample_rate", "n_fft", "factor"),
    [(24000, 2048, 2), (44100, 4096, 4), (48000, 4096, 4), (8000, 1024, 1), (44100, 3764, 1)],
)
def test_rates_are_halved_while_enough_is_left(sample_rate: int, n_fft: int, factor: int) -> None:
    assert SETTINGS.decimation(sample_rate, n_fft) == factor


def test_the_gain_of_the_powers_does_not_matter_and_silence_is_finite() -> None:
    mixture = torch.randn(1, 4000)
    masks = random_masks(2, 1, mixture)
    once = consistent_estimates(mixture, masks, masks, N_FFT, SETTINGS)
    loud = consistent_estimates(mixture, masks, 1e6 * masks, N_FFT, SETTINGS)
    torch.testing.assert_close(once, loud, rtol=0, atol=1e-4)
    assert consistent_estimates(mixture, masks, 0 * masks, N_FFT, SETTINGS).isfinite().all()


def test_windows_that_must_agree_come_nearer_to_the_sources() -> None:
    """White noise in alternating bursts: with its true powers, masks alone are not the best."""
    time = torch.arange(8000)
    envelope = torch.sin(2 * math.pi * time / 1500)
    noise = torch.randn(2, 1, 8000, generator=torch.Generator().manual_seed(0))
    sources = noise * torch.stack([envelope.clamp_min(0), (-envelope).clamp_min(0)])[:, None]
    mixture = sources.sum(0)
    powers = stft(sources, N_FFT).abs().square()
    masks = ratio_masks(powers, 1.0)
    plain = (mask(mixture, masks, N_FFT) - sources).square().mean()
    agreed = (consistent_estimates(mixture, masks, powers, N_FFT, SETTINGS) - sources).square()
    assert agreed.mean() < 0.95 * plain


def test_what_repeats_tells_what_a_mask_cannot() -> None:
    """Part 0 sounds twice alone, in bin 0, part 1 twice in bin 1; then both, with equal masks."""
    mixture = torch.tensor([[1, 1, 0, 0, 1], [0, 0, 1, 1, 1]])[None] + 0j
    share = torch.tensor([0.9, 0.9, 0.1, 0.1, 0.5])
    masks = torch.stack([share, 1 - share])[:, None, None].repeat(1, 1, 2, 1)
    heard = torch.tensor([[1.0, 1, 0, 0, 1], [0, 0, 1, 1, 1]])
    features = torch.stack([heard, 1 - heard], dim=1)
    nearest_two = replace(SETTINGS, n_neighbours=3, n_context=0)
    found = repeated_masks(masks, mixture, features, 2.0, nearest_two)
    torch.testing.assert_close(found.sum(0), torch.ones(1, 2, 5))
    torch.testing.assert_close(found[0, 0, :, 4].flip(0), found[1, 0, :, 4])
    assert found[0, 0, 0, 4] > 0.65


@pytest.mark.parametrize("n_channels", [1, 2])
def test_one_frame_and_no_neighbours_leave_masks_as_they_are(n_channels: int) -> None:
    mixture = stft(torch.randn(2, 4000), N_FFT)
    masks = ratio_masks(torch.rand(3, n_channels, *mixture.shape[-2:]), 2.0)
    features = torch.rand(3, 5, mixture.shape[-1])
    alone = replace(SETTINGS, n_neighbours=1)
    assert torch.equal(repeated_masks(masks, mixture, features, 2.0, alone), masks)
    found = repeated_masks(masks, mixture, features, 2.0, SETTINGS)
    torch.testing.assert_close(found.sum(0), torch.ones(n_channels, *mixture.shape[-2:]))
