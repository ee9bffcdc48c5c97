"""Convolutions as torch has them, and as images, which is how they are compiled."""

import pytest
import torch
from torch import nn

from dirac.networks.layers import Conv1d, ConvTranspose1d


@pytest.mark.parametrize(
    "layer",
    [
        Conv1d(4, 6, 5, padding="same"),
        Conv1d(4, 6, 1),
        Conv1d(4, 6, 5, 2, padding=2),
        Conv1d(4, 6, 7, 3, padding=3),
        Conv1d(4, 6, 3, padding="same", dilation=3, groups=2),
        ConvTranspose1d(4, 6, 4, 2, padding=1),
        ConvTranspose1d(4, 6, 5, 2, padding=3, dilation=2, groups=2),
        ConvTranspose1d(4, 6, 6, 3, padding=2, output_padding=1),
    ],
)
def test_as_images_they_give_the_same(layer: nn.Module, monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(2, 4, 24, generator=torch.Generator().manual_seed(0))
    as_it_is = layer(x)
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    torch.testing.assert_close(layer(x), as_it_is)
