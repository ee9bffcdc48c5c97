"""Estimates of a mixture that begins a little later, averaged."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dirac.audio.songs import Recording
from dirac.separation.shifts import averaged

from ..tiny_models import SETTINGS
from .test_separator import separator


@pytest.mark.parametrize("n_shifts", [1, 3, 8])
def test_what_moves_with_the_signal_stays(n_shifts: int) -> None:
    waveform = torch.randn(2, 2000)
    twice = averaged(lambda piece, _: torch.stack([piece, -piece]), 75.0, n_shifts, waveform, 24000)
    torch.testing.assert_close(twice, torch.stack([waveform, -waveform]))


def test_what_frames_alone_see_is_averaged_over_all_of_their_places() -> None:
    seen: list[int] = []

    def held(piece: Tensor, sample_rate: int) -> Tensor:
        """Every frame of 320 samples as its first sample; 441 at 33075 Hz."""
        seen.append(piece.shape[-1])
        hop = 320 * sample_rate // 24000
        return piece[..., ::hop].repeat_interleave(hop, -1)[..., : piece.shape[-1]]

    ramp = torch.arange(3200.0)[None]
    estimate = averaged(held, 75.0, 4, ramp, 24000)
    assert seen == [3200, 3280, 3360, 3440]
    # Held values lag by 0 to 319 samples, the mean over four places by 120 to 199.
    lag = (ramp - estimate)[0, 320:]
    assert lag.min() == 120
    assert lag.max() == 199
    seen.clear()
    averaged(held, 75.0, 4, torch.zeros(1, 4410), 33075)
    assert seen == [4410, 4520, 4630, 4741]


@pytest.mark.parametrize("method", ["decoded", "regressed"])
def test_decoded_parts_are_means_over_shifts(method: str) -> None:
    ours, mixture = separator(), torch.randn(1, 16000) / 10
    ours.settings = replace(SETTINGS, n_shifts=2)
    seed = {"seed": 3} if method == "decoded" else {}
    estimates = getattr(ours, method)(mixture, 24000, **seed)
    gain = ours.training_gain(Recording(mixture, 24000))
    generator = torch.Generator().manual_seed(3)
    expected = torch.zeros_like(estimates)
    for delay in (0, 160):
        later = torch.nn.functional.pad(mixture, (delay, 0))
        components = ours.model.encode(ours.encode(later, 24000) * gain)
        parts = ours.render(components, generator) if seed else ours.regress(components)
        expected += ours.shares(parts / gain)[..., delay : delay + 16000] / 2
    torch.testing.assert_close(estimates, expected)
