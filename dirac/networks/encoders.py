"""Encoders from a signal to its components."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from dirac.networks.layers import Conv1d, ResidualBlock


class CurveEncoder(nn.Sequential):
    """Residual convolutions from a signal to one component at the same frame rate.

    A residual block at each width, a convolution to the next. The paper's: channels
    (128, 256, 512), one component channel, kernel 3: 2.9 M parameters.
    """

    def __init__(
        self, n_channels: int, channels: Sequence[int], n_component_channels: int, kernel: int
    ):
        layers: list[nn.Module] = [Conv1d(n_channels, channels[0], 1)]
        for width, next_width in pairwise((*channels, n_component_channels)):
            layers.append(ResidualBlock(width, kernel))
            layers.append(Conv1d(width, next_width, kernel, padding="same"))
        super().__init__(*layers)


class ComponentEncoder(nn.Module):
    """N curve encoders side by side, one for each component.

    Gated, they share out one projection of the signal among the components: a mask on learnt
    filters (Conv-TasNet: Luo & Mesgarani 2019), which begins as shares that are about equal.
    """

    def __init__(
        self,
        n_latents: int,
        n_channels: int,
        channels: Sequence[int],
        n_component_channels: int,
        kernel: int,
        bounded: bool,
        gated: bool,
    ):
        super().__init__()
        self.encoders = nn.ModuleList(
            CurveEncoder(n_channels, channels, n_component_channels, kernel)
            for _ in range(n_latents)
        )
        self.projection = Conv1d(n_channels, n_component_channels, 1) if gated else None
        self.bounded = bounded

    def forward(self, signal: Tensor) -> Tensor:
        """signal: (batch, channels, frames) -> (batch, components, component channels, frames)."""
        components = torch.stack([encoder(signal) for encoder in self.encoders], dim=1)
        if self.projection is not None:
            gates = len(self.encoders) * components.softmax(dim=1)
            components = gates * self.projection(signal)[:, None]
        return components.tanh() if self.bounded else components
