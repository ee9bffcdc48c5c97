"""How parts make a signal: as numbers, and as magnitudes of waves that interfere."""

import math
from typing import Literal

import torch.nn.functional as F
from torch import Tensor

Composition = Literal["mean", "sum", "max", "min"]


def compose(
    parts: Tensor, composition: Composition, exponent: float, coherence: Tensor | float
) -> Tensor:
    """The operator over parts: (batch, components, ...) -> signal (batch, ...).

    exponent: 1 for latents that are linear, which add as waveforms do; 1 / p for magnitudes to the
    power of p (never negative), which add as waves a_j do that meet in some phase or other,
    |sum_j a_j|^2 = sum_j |a_j|^2 + coherence sum_{i != j} |a_i| |a_j|. coherence, one number or one
    for each of the signal: 1 if all are in phase, 0 on average if none knows of another.
    """
    if exponent != 1:
        amplitudes = parts.clamp_min(1e-4) ** exponent  # a root has no finite slope at zero
        return _compose_amplitudes(amplitudes, composition, coherence) ** (1 / exponent)
    match composition:
        case "mean":
            return parts.mean(dim=1)
        case "sum":
            return parts.sum(dim=1)
        case "max":
            return parts.amax(dim=1)
        case "min":
            return parts.amin(dim=1)


def _compose_amplitudes(
    amplitudes: Tensor, composition: Composition, coherence: Tensor | float
) -> Tensor:
    if composition in ("max", "min"):
        return compose(amplitudes, composition, 1, coherence)
    squares = amplitudes.square().sum(dim=1)
    added = squares + coherence * (amplitudes.sum(dim=1).square() - squares)
    total = added.clamp_min(0).sqrt()
    return total / amplitudes.shape[1] if composition == "mean" else total


def random_coherence(noise: Tensor) -> Tensor:
    """Standard normal noise (batch, bands, frames) -> the same as phases have it: alike in

    neighbouring bands and in frames whose windows overlap (correlations 1/2; 2/3, 1/3 and 0, as
    measured where drums and bass are about as loud: docs/log.md).
    """
    padded = F.pad(noise, (1, 1, 0, 1))
    return F.avg_pool2d(padded, (2, 3), stride=1) * math.sqrt(6)
