"""Iterative alpha-(de)Blending (Heitz, Belcour, Chambon 2023, arXiv 2305.03486).

Pure functions for signals of any rank, (batch, ...). alpha 0 is noise, 1 is data.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Solver:
    """n_steps: equal ones, of one evaluation of the network each; order: of the method.

    1 is the paper's: through a step the data are what the network predicts at its begin. 2: they go
    on changing as they did since the last step (the multistep method of DPM-Solver++, Lu et al.
    2022, on the line of IADB).
    """

    n_steps: int
    order: Literal[1, 2]


def sample(network: Network, noise: Tensor, solver: Solver, target: Target) -> Tensor:
    """Integrate from noise (alpha 0) to data (alpha 1).

    network: (blended, alpha: (batch,)) -> prediction; noise: (batch, ...) -> data like noise.
    """
    n_steps, blended, last = solver.n_steps, noise, None
    for k in range(n_steps):
        alpha, next_alpha = k / n_steps, (k + 1) / n_steps
        alphas = torch.full((noise.shape[0],), alpha, device=noise.device, dtype=noise.dtype)
        prediction = network(blended, alphas)
        data = data_of(prediction, blended, alphas, target)
        blended = step(prediction, blended, alpha, next_alpha, target)
        if solver.order == 2 and last is not None:
            blended = blended + _bend(alpha, next_alpha) * (data - last)
        last = data
    return blended


def _bend(alpha: float, next_alpha: float) -> float:
    """What is added at next_alpha if the data d grow by 1 through a step: the exact solution of

    dx / dalpha = (d - x) / (1 - alpha) for d linear in alpha, less that for d as at the begin.
    """
    left, size = 1 - next_alpha, next_alpha - alpha
    return 1.0 if left == 0 else 1 + left * math.log(left / (1 - alpha)) / size
