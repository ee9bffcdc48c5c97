"""The U-Net that denoises: of the decomposition, and of the prior over its components."""

from collections.abc import Sequence
from math import prod

import torch.nn.functional as F
from torch import Tensor, nn

from dirac.networks.embeddings import AlphaEmbedding
from dirac.networks.layers import ConditionedBlock, Conv1d, ConvTranspose1d, SelfAttention
from dirac.networks.layout import apart, as_products_want, join


class Level(nn.Module):
    """One resolution of the U-Net: block and attention on the way down and on the way up.

    `below` is the network of the next lower resolution; it sits between the two.
    """

    def __init__(
        self, down: "Stage", up: "Stage", step_down: nn.Module, step_up: nn.Module, below: nn.Module
    ):
        super().__init__()
        self.down, self.up = down, up
        self.step_down, self.step_up = step_down, step_up
        self.below = below

    def forward(self, x: Tensor, embedding: Tensor, condition: Tensor) -> Tensor:
        skip = self.down(x, embedding, condition)
        lower = self.below(self.step_down(skip), embedding, condition)
        return self.up(join(self.step_up(lower), skip), embedding, condition)


class Stage(nn.Module):
    """A conditioned block, then attention where asked for."""

    def __init__(self, block: ConditionedBlock, attention: SelfAttention | None):
        super().__init__()
        self.block = block
        self.attention = attention

    def forward(self, x: Tensor, embedding: Tensor, condition: Tensor) -> Tensor:
        x = self.block(x, embedding, F.adaptive_avg_pool1d(condition, x.shape[-1]))
        return x if self.attention is None else self.attention(x)


class UNet(nn.Module):
    """One-dimensional U-Net `(blended, alpha, condition) -> prediction` (Ronneberger et al. 2015).

    Level i works at width `channels[i]` and steps down by `strides[i]`; `channels` has one more
    value, the width of the bottleneck. The condition joins every block at its resolution, averaged
    over the frames that fall together. Signals of any length: inside they are padded to a multiple
    of all strides.
    """

    def __init__(
        self,
        n_channels: int,
        n_condition: int,
        channels: Sequence[int],
        kernels: Sequence[int],
        strides: Sequence[int],
        attention: Sequence[bool],
        n_groups: int,
        n_embedding: int,
        dropout: float,
    ):
        super().__init__()

        def stage(n_in: int, n_out: int, kernel: int, attends: bool) -> Stage:
            block = ConditionedBlock(
                n_in, n_out, kernel, n_condition, n_embedding, n_groups, dropout
            )
            return Stage(block, SelfAttention(n_out) if attends else None)

        network: nn.Module = stage(channels[-1], channels[-1], min(kernels), any(attention))
        for i in reversed(range(len(strides))):
            width, below = channels[i], channels[i + 1]
            network = Level(
                stage(width, width, kernels[i], attention[i]),
                stage(2 * width, width, kernels[i], attention[i]),
                _step_down(width, below, strides[i]),
                _step_up(below, width, strides[i]),
                network,
            )
        self.stride = prod(strides)
        self.embedding = AlphaEmbedding(n_embedding)
        self.entry = Conv1d(n_channels, channels[0], 1)
        self.levels = network
        self.exit = Conv1d(channels[0], n_channels, 3, padding="same")

    def forward(self, blended: Tensor, alpha: Tensor, condition: Tensor) -> Tensor:
        """blended: (batch, channels, frames), alpha: (batch,), condition: (batch, channels, frames)

        -> prediction like `blended`.
        """
        n_frames = blended.shape[-1]
        missing = -n_frames % self.stride
        blended, condition = F.pad(blended, (0, missing)), F.pad(condition, (0, missing))
        blended, condition = as_products_want(blended), as_products_want(condition)
        hidden = self.levels(self.entry(blended), self.embedding(alpha), condition)
        return apart(self.exit(hidden))[..., :n_frames]


def _step_down(n_in: int, n_out: int, stride: int) -> nn.Module:
    if stride == 1:
        return Conv1d(n_in, n_out, 3, padding="same")
    return Conv1d(n_in, n_out, 2 * stride + 1, stride, padding=stride)


def _step_up(n_in: int, n_out: int, stride: int) -> nn.Module:
    if stride == 1:
        return Conv1d(n_in, n_out, 3, padding="same")
    return ConvTranspose1d(
        n_in, n_out, 2 * stride, stride, padding=(stride + 1) // 2, output_padding=stride % 2
    )
