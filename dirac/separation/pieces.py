"""Signals of any length, in overlapping pieces that fade into each other."""

from collections.abc import Callable

import torch
from torch import Tensor


def in_pieces(
    function: Callable[[Tensor], Tensor], signal: Tensor, length: int, ratio: int
) -> Tensor:
    """function over pieces of (..., time), `length` long at most -> (..., time * ratio).

    function: (..., time) -> (..., time * ratio). Neighbours overlap by a quarter, or more for the
    last one, and the weights of their fades sum to one.
    """
    n = signal.shape[-1]
    if n <= length:
        return function(signal)
    weight = _fade(length * ratio, length * ratio // 4)
    step = length - length // 4
    total: Tensor | None = None
    weights = torch.zeros(n * ratio)
    for start in [*range(0, n - length, step), n - length]:
        place = slice(start * ratio, (start + length) * ratio)
        piece = function(signal[..., start : start + length])
        if total is None:
            total = piece.new_zeros(*piece.shape[:-1], n * ratio)
        total[..., place] += piece * weight
        weights[place] += weight
    assert total is not None
    return total / weights


def _fade(length: int, overlap: int) -> Tensor:
    """(length,): rises over `overlap`, stays, falls; never zero."""
    ramp = (torch.arange(length) + 0.5) / max(overlap, 1)
    return torch.minimum(ramp, ramp.flip(0)).clamp_max(1.0)
