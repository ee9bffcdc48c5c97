"""Exponential moving average of a model's weights, with a warm-up.

With a decay of 0.999 alone, the average of a short training would still be mostly its random
start; so the decay begins low and grows with the step (as in TensorFlow's ExponentialMovingAverage
with `num_updates`).
"""

import copy

import torch
from torch import nn


def decay_at(step: int, decay: float) -> float:
    """Decay of the update after step number `step` (from 0): min(decay, (1 + step) / (10 + step)).

    The average then spans about the last ninth of the steps until `decay` takes over.
    """
    return min(decay, (1 + step) / (10 + step))


def average_of(model: nn.Module) -> nn.Module:
    """A frozen copy in evaluation mode, which `update_average` then moves."""
    return copy.deepcopy(model).eval().requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """average <- decay * average + (1 - decay) * model, in place; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for averaged, current in zip(average.buffers(), model.buffers(), strict=True):
        averaged.copy_(current)
