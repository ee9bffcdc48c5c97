"""Clicks and a tone: what is struck and what is held, half taken apart."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dirac.metrics.separation import si_sdr
from dirac.separation.manner import HIGHEST_HZ, Manner, second_opinion

RATE, N_FFT = 8000, 1024
MANNER = Manner(weight=0.5, n_fft=N_FFT, n_bins=17, n_frames=17, power=2.0)


@pytest.fixture
def sources() -> Tensor:
    """(struck and held, channels, time)"""
    time = torch.arange(2 * RATE) / RATE
    clicks = torch.zeros(2 * RATE)
    clicks[::1600] = 4.0
    tone = 0.1 * torch.sin(2 * torch.pi * 440 * time)
    return torch.stack([clicks, tone])[:, None]


def mixed_up(sources: Tensor, share: float) -> Tensor:
    """Estimates of which each has that share of the other source."""
    return (1 - share) * sources + share * sources.flip(0)


def test_a_second_opinion_helps_where_parts_are_mixed_up_and_keeps_the_sum(sources: Tensor) -> None:
    estimates, mixture = mixed_up(sources, 0.3), sources.sum(0)
    steered = second_opinion(estimates, mixture, RATE, N_FFT, MANNER)
    torch.testing.assert_close(steered.sum(0), mixture, atol=1e-5, rtol=0)
    for estimate, better, source in zip(estimates, steered, sources, strict=True):
        before, after = (float(si_sdr(one[0], source[0])) for one in (estimate, better))
        assert after > before + 1


def test_estimates_that_are_sure_are_hardly_moved(sources: Tensor) -> None:
    dense = torch.zeros_like(sources[0])
    dense[..., ::160] = 1.0  # clicks so near to each other that they lie
    sure = torch.stack([sources[0], dense])
    unsure = mixed_up(sure, 0.4)
    ways = [
        (second_opinion(estimates, sure.sum(0), RATE, N_FFT, MANNER) - estimates).square().sum()
        for estimates in (sure, unsure)
    ]
    assert ways[0] < 0.1 * ways[1]


def test_what_is_high_is_left_alone(sources: Tensor) -> None:
    estimates, mixture = mixed_up(sources, 0.3), sources.sum(0)
    fast = 4 * RATE
    moved = second_opinion(estimates, mixture, fast, N_FFT, MANNER) - estimates
    powers = torch.fft.rfft(moved[0, 0]).abs().square()
    highest = round(len(powers) * HIGHEST_HZ / (fast / 2))
    assert powers[: highest + 50].sum() > 100 * powers[highest + 50 :].sum()


def test_the_order_of_the_parts_is_kept(sources: Tensor) -> None:
    estimates, mixture = mixed_up(sources, 0.3), sources.sum(0)
    there = second_opinion(estimates, mixture, RATE, N_FFT, MANNER)
    back = second_opinion(estimates.flip(0), mixture, RATE, N_FFT, MANNER).flip(0)
    torch.testing.assert_close(there, back, atol=1e-5, rtol=0)


def test_parts_of_one_manner_and_a_weight_of_none_are_left_alone(sources: Tensor) -> None:
    mixture = sources.sum(0)
    alike = torch.stack([0.3 * mixture, 0.7 * mixture])
    torch.testing.assert_close(second_opinion(alike, mixture, RATE, N_FFT, MANNER), alike)
    estimates = mixed_up(sources, 0.3)
    unasked = second_opinion(estimates, mixture, RATE, N_FFT, replace(MANNER, weight=0.0))
    assert unasked is estimates
    assert second_opinion(mixture[None], mixture, RATE, N_FFT, MANNER).equal(mixture[None])


def test_of_three_parts_the_others_give_by_their_shares(sources: Tensor) -> None:
    low = 0.1 * torch.sin(2 * torch.pi * 110 * torch.arange(2 * RATE) / RATE)[None]
    three = torch.cat([mixed_up(sources, 0.3), low[None]])
    mixture = three.sum(0)
    steered = second_opinion(three, mixture, RATE, N_FFT, MANNER)
    torch.testing.assert_close(steered.sum(0), mixture, atol=1e-4, rtol=0)
    given = (steered - three).square().sum(dim=(1, 2))
    assert given[1] > 10 * given[2]  # the low tone is heard in few of the bins that move


def test_silence_stays_silent() -> None:
    silence = torch.zeros(2, 1, RATE)
    assert not second_opinion(silence, silence.sum(0), RATE, N_FFT, MANNER).any()
