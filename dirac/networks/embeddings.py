"""Embeddings of the blending parameter alpha."""

import math

import torch
from torch import Tensor, nn


class SinusoidalEmbedding(nn.Module):
    """Sines and cosines of `factor * alpha` at geometric frequencies (Vaswani et al. 2017)."""

    frequencies: Tensor

    def __init__(self, n_features: int, factor: float = 1000.0, max_period: float = 10_000.0):
        super().__init__()
        exponents = torch.arange(n_features // 2) / (n_features // 2)
        frequencies = factor * torch.exp(-math.log(max_period) * exponents)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, alpha: Tensor) -> Tensor:
        """alpha: (batch,) -> (batch, features)."""
        angles = alpha[:, None] * self.frequencies
        return torch.cat([angles.cos(), angles.sin()], dim=1)


class AlphaEmbedding(nn.Sequential):
    """alpha: (batch,) -> (batch, features): sinusoids through a small perceptron."""

    def __init__(self, n_features: int):
        super().__init__(
            SinusoidalEmbedding(n_features),
            nn.Linear(n_features, 2 * n_features),
            nn.SiLU(),
            nn.Linear(2 * n_features, n_features),
            nn.SiLU(),
        )
