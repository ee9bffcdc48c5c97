"""What the U-Net and the encoders are made of: residual blocks and attention over frames.

A layer gives channels back as it got them, apart in memory or side by side (`networks.layout`).
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from dirac.networks.layout import apart, is_side_by_side, join, side_by_side


class Conv1d(nn.Conv1d):
    """torch's; compiled, or of channels that lie side by side, that of an image of height one whose

    channels do, as GPUs' and CPUs' kernels want them. (batch, channels, frames) -> (batch,
    channels, frames).
    """

    def forward(self, x: Tensor) -> Tensor:
        if not (torch.compiler.is_compiling() or is_side_by_side(x)):
            return super().forward(x)
        (stride,), (dilation,), (size,) = self.stride, self.dilation, self.kernel_size
        width = dilation * (size - 1) // 2 if self.padding == "same" else int(self.padding[0])
        image, kernel = _as_image(x), self.weight[:, :, None]
        shape = ((1, stride), (0, width), (1, dilation), self.groups)
        return F.conv2d(image, kernel, self.bias, *shape).squeeze(2)


class ConvTranspose1d(nn.ConvTranspose1d):
    """As `Conv1d` is to torch's."""

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if not (torch.compiler.is_compiling() or is_side_by_side(x)):
            return super().forward(x, output_size)
        (stride,), (dilation,), (more,) = self.stride, self.dilation, self.output_padding
        image, kernel = _as_image(x), self.weight[:, :, None]
        shape = ((1, stride), (0, int(self.padding[0])), (0, more), self.groups, (1, dilation))
        return F.conv_transpose2d(image, kernel, self.bias, *shape).squeeze(2)


def _as_image(x: Tensor) -> Tensor:
    return x[:, :, None].contiguous(memory_format=torch.channels_last)


class GroupNorm(nn.GroupNorm):
    """torch's, which is slow on channels that lie side by side."""

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, frames) -> like x."""
        normal = super().forward(apart(x))
        return side_by_side(normal) if is_side_by_side(x) else normal


class FeatureModulation(nn.Module):
    """Scale and shift of every channel by an embedding (FiLM: Perez et al. 2018)."""

    def __init__(self, n_embedding: int, n_channels: int):
        super().__init__()
        last = nn.Linear(n_channels, 2 * n_channels)
        nn.init.zeros_(last.weight)  # it begins as the identity
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(nn.Linear(n_embedding, n_channels, bias=False), nn.SiLU(), last)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        """x: (batch, channels, frames), embedding: (batch, features) -> like x."""
        scale, shift = self.layers(embedding)[..., None].chunk(2, dim=1)
        return x * (1 + scale) + shift


class ResidualBlock(nn.Module):
    """Two convolutions and one over the channels alone, beside a skip; one width throughout.

    dilation: of the first of them.
    """

    def __init__(self, n_channels: int, kernel: int, dilation: int = 1):
        super().__init__()
        self.layers = nn.Sequential(
            Conv1d(n_channels, n_channels, kernel, padding="same", dilation=dilation),
            nn.SiLU(),
            Conv1d(n_channels, n_channels, kernel, padding="same"),
            nn.SiLU(),
            Conv1d(n_channels, n_channels, 1),
        )

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, frames) -> like x."""
        return x + self.layers(x)


class ConditionedBlock(nn.Module):
    """A residual block that follows alpha, by modulation, and a condition, by concatenation."""

    def __init__(
        self,
        n_in: int,
        n_out: int,
        kernel: int,
        n_condition: int,
        n_embedding: int,
        n_groups: int,
        dropout: float,
    ):
        super().__init__()
        self.skip = nn.Identity() if n_in == n_out else Conv1d(n_in, n_out, 1)
        self.entry = nn.Sequential(
            Conv1d(n_in, n_out, kernel, padding="same"), GroupNorm(n_groups, n_out)
        )
        self.modulation = FeatureModulation(n_embedding, n_out)
        self.condition = Conv1d(n_condition, n_condition, kernel, padding="same")
        self.dropout = nn.Dropout(dropout)
        self.exit = nn.Sequential(
            Conv1d(n_out + n_condition, n_out, kernel, padding="same"),
            GroupNorm(n_groups, n_out),
            nn.SiLU(),
            Conv1d(n_out, n_out, 1),
        )

    def forward(self, x: Tensor, embedding: Tensor, condition: Tensor) -> Tensor:
        """x: (batch, n_in, frames), embedding: (batch, features) of alpha, condition: (batch,

        n_condition, frames) -> (batch, n_out, frames).
        """
        hidden = F.silu(self.modulation(self.entry(x), embedding))
        hidden = join(hidden, F.silu(self.condition(condition)))
        return self.skip(x) + self.exit(self.dropout(hidden))


class SelfAttention(nn.Module):
    """Multi-head self-attention over frames beside a skip (Vaswani et al. 2017).

    As many heads as divide the channels and leave each n_head_channels or more.
    """

    def __init__(self, n_channels: int, n_head_channels: int = 32):
        super().__init__()
        most = max(1, n_channels // n_head_channels)
        self.n_heads = next(n for n in range(most, 0, -1) if n_channels % n == 0)
        self.norm = GroupNorm(1, n_channels)
        self.project_in = Conv1d(n_channels, 3 * n_channels, 1)
        self.project_out = Conv1d(n_channels, n_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """x: (batch, channels, frames) -> like x."""
        query, key, value = rearrange(
            self.project_in(self.norm(x)),
            "batch (three heads channels) frames -> three batch heads frames channels",
            three=3,
            heads=self.n_heads,
        )
        attend = _attend if is_side_by_side(x) else F.scaled_dot_product_attention
        attended = attend(query, key, value)
        attended = rearrange(
            attended, "batch heads frames channels -> batch (heads channels) frames"
        )
        return x + self.project_out(side_by_side(attended) if is_side_by_side(x) else attended)


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """As torch's, whose gradient takes three times as long in bfloat16 on a CPU."""
    weights = query @ key.mT / query.shape[-1] ** 0.5
    return weights.softmax(dim=-1) @ value
