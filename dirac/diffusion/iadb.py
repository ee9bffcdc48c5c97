"""Iterative alpha-(de)Blending (Heitz, Belcour, Chambon 2023, arXiv 2305.03486).

Pure functions for signals of any rank, (batch, ...). alpha 0 is noise, 1 is data.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

Target = Literal["data", "velocity"]
Network = Callable[[Tensor, Tensor], Tensor]


def _like(alpha: Tensor, x: Tensor) -> Tensor:
    return alpha.reshape(-1, *[1] * (x.ndim - 1))


def blend(noise: Tensor, data: Tensor, alpha: Tensor) -> Tensor:
    """(1 - alpha) noise + alpha data (eq. 4); noise, data: (batch, ...), alpha: (batch,)."""
    alpha = _like(alpha, data)
    return (1 - alpha) * noise + alpha * data


def target_of(noise: Tensor, data: Tensor, target: Target) -> Tensor:
    """What a network learns to predict from the blend: the data or the velocity data - noise."""
    return data if target == "data" else data - noise


def data_of(prediction: Tensor, blended: Tensor, alpha: Tensor, target: Target) -> Tensor:
    """The data that a prediction at `blended` implies: blended + (1 - alpha) velocity."""
    if target == "data":
        return prediction
    return blended + (1 - _like(alpha, blended)) * prediction


def step(
    prediction: Tensor, blended: Tensor, alpha: float, next_alpha: float, target: Target
) -> Tensor:
    """Move a blend from alpha to next_alpha along the predicted direction (algorithm 4).

    With target "data" the velocity is (data - blended) / (1 - alpha).
    """
    if target == "velocity":
        return blended + (next_alpha - alpha) * prediction
    return blended + (next_alpha - alpha) / (1 - alpha) * (prediction - blended)


def sample(network: Network, noise: Tensor, n_steps: int, target: Target) -> Tensor:
    """Integrate from noise (alpha 0) to data (alpha 1) in equal steps of Euler's method.

    network: (blended, alpha: (batch,)) -> prediction; noise: (batch, ...) -> data like noise.
    """
    blended = noise
    for k in range(n_steps):
        alpha, next_alpha = k / n_steps, (k + 1) / n_steps
        alphas = torch.full((noise.shape[0],), alpha, device=noise.device, dtype=noise.dtype)
        blended = step(network(blended, alphas), blended, alpha, next_alpha, target)
    return blended
