import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.ndimage import median_filter

from dirac.metrics.separation import si_sdr
from dirac.separation.baselines.fourier import fourier_2d
from dirac.separation.baselines.hpss import hpss, medians
from dirac.separation.baselines.mixture import mixture_shares
from dirac.separation.baselines.nmf import nmf
from dirac.separation.baselines.principal import decompose, robust_pca
from dirac.separation.baselines.repet import repet_sim

RATE = 8000
HPSS = partial(hpss, n_fft=1024, n_bins=17, n_frames=17, power=2.0)
NMF = partial(nmf, n_fft=1024, n_components=6, n_iterations=50, kernel=9, seed=0)
REPET = partial(repet_sim, n_fft=512, n_similar=9, distance_seconds=0.1, power=2.0)
FOURIER = partial(fourier_2d, n_fft=512, n_scales=1, n_rates=15, power=2.0)
PCA = partial(robust_pca, n_fft=512, sparsity=1.0, n_iterations=50, power=2.0)
OF_TWO = [HPSS, REPET, FOURIER, PCA]
BASELINES = [*OF_TWO, partial(NMF, n_parts=2), partial(mixture_shares, n_parts=2)]


@pytest.fixture(scope="module")
def clicks_and_tones() -> tuple[torch.Tensor, torch.Tensor]:
    """Clicks four times a second; a chord that changes every second. (channels, time) each."""
    time = torch.arange(4 * RATE) / RATE
    clicks = torch.zeros(4 * RATE)
    generator = torch.Generator().manual_seed(0)
    for start in range(500, 4 * RATE - 100, RATE // 4):
        clicks[start : start + 80] = torch.randn(80, generator=generator)
    hertz = torch.tensor([220.0, 330.0, 275.0, 440.0]).repeat_interleave(RATE)
    tones = 0.3 * torch.sin(2 * math.pi * hertz * time) + 0.2 * torch.sin(math.pi * hertz * time)
    return clicks[None], tones[None]


@pytest.mark.parametrize("separator", BASELINES)
def test_parts_sum_to_the_mixture_on_every_channel(separator: partial[torch.Tensor]) -> None:
    mixture = torch.randn(2, RATE, generator=torch.Generator().manual_seed(0))
    parts = separator(mixture, RATE)
    assert parts.shape == (2, 2, RATE)
    assert parts.dtype == torch.float32
    torch.testing.assert_close(parts.sum(0), mixture, rtol=0, atol=1e-5)


@pytest.mark.parametrize("separator", BASELINES)
def test_silence_stays_silence(separator: partial[torch.Tensor]) -> None:
    parts = separator(torch.zeros(1, RATE), RATE)
    assert parts.shape == (2, 1, RATE)
    assert not parts.any()


@pytest.mark.parametrize("size", [1, 3, 7, 9, 17])
@pytest.mark.parametrize("shape", [(40, 21), (3, 2000), (5000, 30)])
def test_medians_are_those_of_a_filter(size: int, shape: tuple[int, int]) -> None:
    values = torch.rand(shape, generator=torch.Generator().manual_seed(size)).round(decimals=2)
    for dim in (0, 1):
        window = (size, 1) if dim == 0 else (1, size)
        expected = torch.from_numpy(median_filter(values.numpy(), window))
        assert medians(values, size, dim).equal(expected)
        assert medians(values.T.contiguous().T, size, dim).equal(expected)


@pytest.mark.parametrize("separator", [HPSS, partial(NMF, n_parts=2)])
def test_clicks_come_first_and_tones_last(
    separator: partial[torch.Tensor], clicks_and_tones: tuple[torch.Tensor, torch.Tensor]
) -> None:
    clicks, tones = clicks_and_tones
    parts = separator(clicks + tones, RATE).numpy()
    for part, source in zip(parts, (clicks.numpy(), tones.numpy()), strict=True):
        improvement = si_sdr(part, source) - si_sdr((clicks + tones).numpy(), source)
        assert improvement > 5.0


def test_nmf_is_repeatable_and_makes_as_many_parts_as_asked() -> None:
    mixture = torch.from_numpy(np.random.default_rng(0).standard_normal((1, RATE))).float()
    first, second = (NMF(mixture, RATE, n_parts=4) for _ in range(2))
    assert first.shape == (4, 1, RATE)
    assert torch.equal(first, second)


@pytest.fixture(scope="module")
def loop_and_melody() -> tuple[torch.Tensor, torch.Tensor]:
    """A bar of low noise bursts, eight times over; tones that never come back. (channels, time)."""
    n_bar = RATE // 2
    generator = torch.Generator().manual_seed(0)
    bar = torch.zeros(n_bar)
    for start in (0, n_bar // 4, n_bar // 2):
        bar[start : start + 400] = torch.randn(400, generator=generator)
    time = torch.arange(8 * n_bar) / RATE
    hertz = torch.linspace(700.0, 2900.0, 16).repeat_interleave(n_bar // 2)
    return bar.repeat(8)[None], 0.3 * torch.sin(2 * math.pi * hertz * time)[None]


@pytest.mark.parametrize(("separator", "decibels"), [(REPET, 3), (FOURIER, 0.5), (PCA, 3)])
def test_what_repeats_comes_first(
    separator: partial[torch.Tensor],
    decibels: float,
    loop_and_melody: tuple[torch.Tensor, torch.Tensor],
) -> None:
    loop, melody = loop_and_melody
    parts = separator(loop + melody, RATE).numpy()
    for part, source in zip(parts, (loop.numpy(), melody.numpy()), strict=True):
        improvement = si_sdr(part, source) - si_sdr((loop + melody).numpy(), source)
        assert improvement > decibels


def test_low_rank_and_sparse_matrices_are_found_again() -> None:
    """Candes et al. 2011: exactly, when the rank is low and the sparse one is spread at random."""
    random = np.random.default_rng(0)
    low_rank = random.normal(size=(80, 3)) @ random.normal(size=(3, 50))
    sparse = np.where(random.random((80, 50)) < 0.05, 10 * random.normal(size=(80, 50)), 0)
    for turned in (False, True):
        given = [matrix.T if turned else matrix for matrix in (low_rank, sparse)]
        found = decompose(given[0] + given[1], sparsity=1.0, n_iterations=100)
        for matrix, expected in zip(found, given, strict=True):
            np.testing.assert_allclose(matrix, expected, atol=1e-2)
