"""How masks hand a mixture to what refines them."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from dirac.audio.spectrogram import Spectrogram
from dirac.separation import masking
from dirac.separation.masking import masked

from ..tiny_models import MANNER, REFINEMENT, SETTINGS, SPECTROGRAM


@pytest.mark.parametrize(
    ("rate", "highest_hz", "factor", "length"),
    [(24000, 12000, 1, 512), (24000, 5000, 2, 256), (48000, 5000, 4, 256)],
)
def test_the_second_opinion_is_asked_of_low_bands_at_their_own_rate(
    monkeypatch: pytest.MonkeyPatch, rate: int, highest_hz: float, factor: int, length: int
) -> None:
    asked: list[Any] = []

    def opinion(estimates: Tensor, mixture: Tensor, *rest: Any) -> Tensor:
        asked.extend([estimates.shape, mixture.shape, *rest])
        return estimates

    monkeypatch.setattr(masking, "second_opinion", opinion)
    manner = replace(MANNER, n_fft=512)
    refinement = replace(REFINEMENT, highest_hz=highest_hz)
    settings = replace(SETTINGS, manner=manner, refinement=refinement)
    mixture = torch.randn(2, rate // 2, generator=torch.Generator().manual_seed(0))
    parts = torch.rand(2, 128, 38, generator=torch.Generator().manual_seed(1))
    masked(parts, mixture, rate, Spectrogram(**SPECTROGRAM), settings)
    n_samples = rate // 2 // factor
    assert asked == [(2, 2, n_samples), (2, n_samples), rate / factor, length, manner]
