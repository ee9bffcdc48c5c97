import math
from functools import partial

import numpy as np
import pytest
import torch

from dirac.metrics.separation import si_sdr
from dirac.separation.baselines import hpss, mixture_shares, nmf

RATE = 8000
HPSS = partial(hpss, n_fft=1024, kernel=17, power=2.0)
NMF = partial(nmf, n_fft=1024, n_components=6, n_iterations=50, kernel=9, seed=0)
BASELINES = [HPSS, partial(NMF, n_parts=2), partial(mixture_shares, n_parts=2)]


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
    assert not separator(torch.zeros(1, RATE), RATE).any()


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
