"""Encoders from a signal to its components."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from dirac.networks.layers import Conv1d, ResidualBlock
from dirac.networks.layout import apart, as_products_want

MOVED = 0.3  # of a unit: so that shares lead at first, and what is moved follows


class CurveEncoder(nn.Sequential):
    """Residual convolutions from a signal to one component at the same frame rate.

    A residual block at each width, a convolution to the next. The paper's: channels
    (128, 256, 512), one component channel, kernel 3: 2.9 M parameters. dilated: each block sees
    twice as far as the one before.
    """

    def __init__(
        self,
        n_channels: int,
        channels: Sequence[int],
        n_component_channels: int,
        kernel: int,
        dilated: bool = False,
    ):
        layers: list[nn.Module] = [Conv1d(n_channels, channels[0], 1)]
        for i, (width, next_width) in enumerate(pairwise((*channels, n_component_channels))):
            layers.append(ResidualBlock(width, kernel, dilation=2**i if dilated else 1))
            layers.append(Conv1d(width, next_width, kernel, padding="same"))
        super().__init__(*layers)

    def forward(self, signal: Tensor) -> Tensor:
        """signal: (batch, channels, frames) -> (batch, component channels, frames)."""
        hidden = as_products_want(signal)
        for layer in self:
            hidden = layer(hidden)
        return apart(hidden)


class ComponentEncoder(nn.Module):
    """N curve encoders side by side, one for each component."""

    def __init__(
        self,
        n_latents: int,
        n_channels: int,
        channels: Sequence[int],
        n_component_channels: int,
        kernel: int,
        bounded: bool,
    ):
        super().__init__()
        self.encoders = nn.ModuleList(
            CurveEncoder(n_channels, channels, n_component_channels, kernel)
            for _ in range(n_latents)
        )
        self.bounded = bounded

    def forward(self, signal: Tensor) -> Tensor:
        """signal: (batch, channels, frames) -> (batch, components, component channels, frames)."""
        components = torch.stack([encoder(signal) for encoder in self.encoders], dim=1)
        return components.tanh() if self.bounded else components


class GatedEncoder(nn.Module):
    """One network that shares out a projection of the signal among N components.

    A mask on learnt filters, told by dilated convolutions (Conv-TasNet: Luo & Mesgarani 2019) from
    the signal and from how much of it each filter takes. What no mask takes apart, as sources meet
    in a filter, is moved from one component to the others, whose mean stays the projection.
    """

    def __init__(
        self,
        n_latents: int,
        n_channels: int,
        channels: Sequence[int],
        n_component_channels: int,
        kernel: int,
        bounded: bool,
    ):
        super().__init__()
        self.projection = Conv1d(n_channels, n_component_channels, kernel, padding="same")
        n_in, n_out = n_channels + n_component_channels, 2 * n_latents * n_component_channels
        self.gates = CurveEncoder(n_in, channels, n_out, kernel, dilated=True)
        self.n_latents, self.bounded = n_latents, bounded

    def forward(self, signal: Tensor) -> Tensor:
        """signal: (batch, channels, frames) -> (batch, components, component channels, frames)."""
        projected = self.projection(signal)
        gates = self.gates(torch.cat([signal, projected.abs()], dim=1))
        told, moved = gates.unflatten(1, (2, self.n_latents, -1)).unbind(dim=1)
        components = self.n_latents * told.softmax(dim=1) * projected[:, None]
        components = components + MOVED * (moved - moved.mean(dim=1, keepdim=True))
        return components.tanh() if self.bounded else components
